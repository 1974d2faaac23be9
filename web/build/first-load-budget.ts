import { gzipSync } from 'node:zlib';
import type { Plugin } from 'vite';

/** Scripts and styles of a first visit, bytes after gzip: about a second on a phone's 1.2 Mbit/s. */
const FIRST_LOAD_GZIP_BYTES_MAX = 150_000;

/** Fails the build when everything that a first visit could load, a room's page included, outgrows its budget. */
export function firstLoadBudget(): Plugin {
  return {
    name: 'first-load-budget',
    apply: 'build',
    generateBundle(_, bundle) {
      let total = 0;
      for (const output of Object.values(bundle)) {
        if (!/\.(js|css)$/.test(output.fileName)) continue;
        total += gzipSync(output.type === 'chunk' ? output.code : output.source).length;
      }
      const said = `first load: ${(total / 1000).toFixed(1)} kB of ${FIRST_LOAD_GZIP_BYTES_MAX / 1000} kB, gzip`;
      if (total > FIRST_LOAD_GZIP_BYTES_MAX) this.error(said);
      this.info(said);
    },
  };
}
