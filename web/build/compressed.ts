import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { Plugin } from 'vite';

/** Writes each text of the bundle once more as `….gz` beside it; the server embeds both and sends what a browser takes. */
export function compressed(): Plugin {
  return {
    name: 'compressed',
    apply: 'build',
    async writeBundle({ dir }, bundle) {
      if (dir === undefined) return this.error('there is no folder to write to');
      for (const output of Object.values(bundle)) {
        if (!/\.(html|js|css)$/.test(output.fileName)) continue;
        const source = output.type === 'chunk' ? output.code : output.source;
        await writeFile(join(dir, `${output.fileName}.gz`), gzipSync(source, { level: 9 }));
      }
    },
  };
}
