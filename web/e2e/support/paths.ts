import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

/** Cargo's target folder, where the server was built. */
export const target = process.env['E2E_TARGET'] ?? resolve(import.meta.dirname, '../../../target');

export const harnessDirectory = join(target, 'e2e');

export const serverBinary = process.env['E2E_SERVER'] ?? join(target, 'release/sfu-server');

/** The headless clients of load-tests. */
export const loadBinary = process.env['E2E_LOAD'] ?? join(target, 'release/sfu-load');

/** An interface's own address inside the tests' network namespace; see .ci/in-namespace.sh. */
export function namespaceAddress(): string {
  const address = process.env['E2E_ADDRESS'];
  if (address === undefined)
    throw new Error('Firefox needs a namespace: run this by `make e2e` or .ci/in-namespace.sh');
  return address;
}

/** ffmpeg with a WHIP muxer; `make test` puts it there. */
export function whipFfmpeg(): string {
  const note = join(target, 'whip-ffmpeg/path');
  if (!existsSync(note)) throw new Error('No ffmpeg with WHIP: run this by `make e2e`');
  return readFileSync(note, 'utf8').trim();
}

export function pageScript(name: 'harness' | 'libraries' | 'person' | 'cast'): string {
  return readFileSync(join(harnessDirectory, `${name}.js`), 'utf8');
}
