import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { whipFfmpeg } from './paths.ts';

/** How often it sends a keyframe, frames: every 4 s, so that a joiner who waited for the next would miss the bar. */
const GROUP_OF_PICTURES = 100;

/** A real encoder publishing a plain colour and a tone by WHIP, as H264 and Opus. */
export class FfmpegPublisher {
  readonly #process: ChildProcess;
  #log = '';

  constructor(url: string, color: string, pitch: number) {
    // Noise makes frames of several packets out of a plain colour, and leaves its average alone.
    const source = `color=c=${color}:size=320x180:rate=25,noise=c0s=8:allf=t`;
    this.#process = spawn(
      whipFfmpeg(),
      [
        ['-hide_banner', '-loglevel', 'warning', '-nostats'],
        ['-re', '-f', 'lavfi', '-i', source],
        ['-re', '-f', 'lavfi', '-i', `sine=frequency=${pitch}:sample_rate=48000`],
        ['-c:v', 'libx264', '-profile:v', 'baseline', '-preset', 'ultrafast', '-tune', 'zerolatency'],
        ['-pix_fmt', 'yuv420p', '-g', String(GROUP_OF_PICTURES), '-bf', '0', '-threads', '1'],
        ['-c:a', 'libopus', '-ar', '48000', '-ac', '2', '-b:a', '64k'],
        ['-f', 'whip', url],
      ].flat(),
      { stdio: ['ignore', 'ignore', 'pipe'] },
    );
    this.#process.stderr?.on('data', (chunk: Buffer) => {
      this.#log = (this.#log + chunk.toString()).slice(-20_000);
    });
  }

  get log(): string {
    return this.#log;
  }

  get running(): boolean {
    return this.#process.exitCode === null && this.#process.signalCode === null;
  }

  /** Ends it as Ctrl-C does: it sends DELETE. */
  async interrupt(): Promise<void> {
    if (!this.running) return;
    const ended = once(this.#process, 'exit');
    this.#process.kill('SIGINT');
    await ended;
  }

  async exited(): Promise<void> {
    if (this.running) await once(this.#process, 'exit');
  }

  kill(): void {
    if (this.running) this.#process.kill('SIGKILL');
  }
}
