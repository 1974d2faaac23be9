import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { loadBinary } from './paths.ts';

/** Longer than any test, s; a test ends it itself. */
const DURATION_S = 600;
const SEED = 12;

/** Headless publishers in one room, by WHIP, sending recorded video and sound. */
export class LoadPublishers {
  readonly room = `load-${SEED.toString(16)}-0`;
  readonly identities: readonly string[];
  readonly #process: ChildProcess;
  #log = '';

  /** `simulcast`: of what was recorded in three sizes, all at once. */
  constructor(url: string, count: number, clip: 'small' | 'simulcast' = 'small') {
    this.identities = Array.from({ length: count }, (_, i) => `p${i}`);
    this.#process = spawn(
      loadBinary,
      [
        // The clients of `run` know no simulcast.
        [clip === 'simulcast' ? 'webinar' : 'run', '--url', url, '--publishers', String(count)],
        [
          '--subscribers',
          '0',
          '--audio',
          '--clip',
          clip,
          '--duration',
          String(DURATION_S),
          '--seed',
          String(SEED),
        ],
      ].flat(),
      { stdio: ['ignore', 'pipe', 'pipe'] },
    );
    const keep = (chunk: Buffer): void => {
      this.#log = (this.#log + chunk.toString()).slice(-20_000);
    };
    this.#process.stdout?.on('data', keep);
    this.#process.stderr?.on('data', keep);
    this.#process.on('error', (error) => keep(Buffer.from(`${loadBinary}: ${error.message}\n`)));
  }

  get log(): string {
    return this.#log;
  }

  /** Ends it as Ctrl-C does: every publisher sends DELETE. */
  async stop(): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.pid === undefined) return;
    const ended = once(this.#process, 'exit');
    this.#process.kill('SIGINT');
    await ended;
  }
}
