import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface, type Interface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { loadBinary } from './paths.ts';
import type { Server } from './server.ts';

/** What `sfu-load relay --help` calls a link: `rate=3M,delay=50ms,loss=5%`, or a schedule of such. */
type LinkSpec = string;

export interface Links {
  /** From browsers to the server; without effect unless said. */
  readonly up?: LinkSpec;
  readonly down?: LinkSpec;
  /** The same seed draws the same losses and delays. */
  readonly seed?: number;
}

/** Datagrams of one direction. */
export interface Counts {
  readonly came: number;
  readonly left: number;
  readonly lost: number;
  readonly blacked_out: number;
  readonly overflowed: number;
  readonly queue_ms_max: number;
}

export interface Report {
  readonly clients: readonly { readonly number: number; readonly up: Counts; readonly down: Counts }[];
  readonly unsent: number;
  readonly shed: number;
  readonly lateness: { readonly p50_ms: number; readonly p99_ms: number; readonly max_ms: number };
}

interface Answer {
  readonly listening?: string;
  readonly ok?: string;
  readonly error?: string;
  readonly report?: Report;
}

/** Stands between browsers and the one media port of a server: `sfu-load relay` as a process, told by lines. */
export class Relay {
  readonly port: number;
  readonly #process: ChildProcessByStdio<Writable, Readable, null>;
  readonly #answers: AsyncIterator<string>;
  /** Answers come in the order of the questions. */
  #last: Promise<unknown> = Promise.resolve();

  private constructor(
    process: ChildProcessByStdio<Writable, Readable, null>,
    answers: AsyncIterator<string>,
    port: number,
  ) {
    this.#process = process;
    this.#answers = answers;
    this.port = port;
  }

  static async start({ address, mediaPort }: Server, { up, down, seed }: Links = {}): Promise<Relay> {
    const started = spawn(
      loadBinary,
      [
        ['relay', '--server', `${address}:${mediaPort}`, '--control', '--json'],
        ['--up', up ?? 'clear', '--down', down ?? 'clear', '--seed', String(seed ?? 1)],
      ].flat(),
      { stdio: ['pipe', 'pipe', 'inherit'] },
    );
    started.on('error', (error) => console.error(`${loadBinary}: ${error.message}`));
    const lines: Interface = createInterface({ input: started.stdout });
    const answers = lines[Symbol.asyncIterator]();
    const port = Number((await next(answers)).listening?.split(':').at(-1));
    return new Relay(started, answers, port);
  }

  /** Lets links be others from now on: `both blackout`, `down rate=300k`, `client 2 up loss=20%`. */
  async change(words: string): Promise<void> {
    const { error } = await this.#ask(words);
    if (error !== undefined) throw new Error(`The relay does not understand ${words}: ${error}`);
  }

  async report(): Promise<Report> {
    const { report } = await this.#ask('report');
    if (report === undefined) throw new Error('The relay gave no report');
    return report;
  }

  /** All browsers' datagrams of one direction under one name. */
  async total(way: 'up' | 'down', name: keyof Counts): Promise<number> {
    const { clients } = await this.report();
    return clients.reduce((sum, client) => sum + client[way][name], 0);
  }

  async close(): Promise<void> {
    if (this.#process.exitCode !== null) return;
    const ended = once(this.#process, 'exit');
    this.#process.stdin.end();
    await ended;
  }

  #ask(words: string): Promise<Answer> {
    const answer = this.#last.then(() => {
      this.#process.stdin.write(`${words}\n`);
      return next(this.#answers);
    });
    this.#last = answer.catch(() => undefined);
    return answer;
  }
}

async function next(answers: AsyncIterator<string>): Promise<Answer> {
  const line = await answers.next();
  if (line.done === true) throw new Error('The relay has ended; its error is above');
  return JSON.parse(line.value) as Answer;
}
