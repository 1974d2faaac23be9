import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createSocket } from 'node:dgram';
import { createServer } from 'node:net';
import { promisify } from 'node:util';
import { serverBinary } from './paths.ts';
import { eventually } from './wait.ts';

/** Shards of a test's server: more than one, so that rooms land on different threads and ports. */
const SHARDS_DEFAULT = 2;
/** Whoever bears it may use the operator's API from any address. */
const ADMIN_TOKEN = 'of-the-browser-tests-alone';

export interface ServerOptions {
  /** The address of HTTP and media; loopback unless a test says otherwise. */
  readonly address?: string;
  readonly httpPort?: number;
  readonly mediaPort?: number;
  readonly shards?: number;
  /** Further flags of `serve`. */
  readonly flags?: readonly string[];
}

/** The environment without what starts with SFU_: the server refuses variables it does not know, such as these tests' own. */
export function foreignVariables(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('SFU_')));
}

/** The release server as its own process, on ports of its own. */
export class Server {
  readonly url: string;
  readonly address: string;
  readonly httpPort: number;
  readonly mediaPort: number;
  readonly #process: ChildProcess;
  #log = '';

  private constructor(
    options: ServerOptions,
    address: string,
    httpPort: number,
    mediaPort: number,
    shards: number,
  ) {
    this.address = address;
    this.httpPort = httpPort;
    this.mediaPort = mediaPort;
    this.url = `http://${address}:${httpPort}`;
    this.#process = spawn(
      serverBinary,
      [
        ['serve', '--http-addr', `${address}:${httpPort}`, '--media-port', String(mediaPort)],
        ['--media-addr', address, '--announce', address, '--shards', String(shards)],
        options.flags ?? [],
        // Nobody but the test reaches what it listens on, be it another address than loopback.
        address === '127.0.0.1' || options.flags?.includes('--auth-keys') ? [] : ['--insecure-no-auth'],
      ].flat(),
      { stdio: ['ignore', 'pipe', 'pipe'], env: { ...foreignVariables(), SFU_ADMIN_TOKEN: ADMIN_TOKEN } },
    );
    const keep = (chunk: Buffer): void => {
      this.#log = (this.#log + chunk.toString()).slice(-20_000);
    };
    this.#process.stdout?.on('data', keep);
    this.#process.stderr?.on('data', keep);
    this.#process.on('error', (error) => keep(Buffer.from(`${serverBinary}: ${error.message}\n`)));
  }

  static async start(options: ServerOptions = {}): Promise<Server> {
    const address = options.address ?? '127.0.0.1';
    const shards = options.shards ?? SHARDS_DEFAULT;
    const httpPort = options.httpPort ?? (await freeTcpPort(address));
    const mediaPort = options.mediaPort ?? (await freeMediaPorts(address, shards));
    const server = new Server(options, address, httpPort, mediaPort, shards);
    const ready = (): Promise<boolean> =>
      fetch(`${server.url}/readyz`).then(
        (response) => response.ok,
        () => false,
      );
    try {
      await eventually('the server is ready', ready, (ok) => ok || server.#process.exitCode !== null);
    } catch (error) {
      server.#process.kill('SIGKILL');
      throw new Error(`${String(error)}\n${server.log}`);
    }
    if (server.#process.exitCode !== null) throw new Error(`The server ended at once:\n${server.log}`);
    return server;
  }

  /** Changes settings as an operator does, by a merge patch (RFC 7396) of `/api/v1` + `path`. */
  async change(path: string, settings: Readonly<Record<string, number | null>>): Promise<void> {
    const answer = await fetch(`${this.url}/api/v1${path}`, {
      method: 'PATCH',
      headers: { 'content-type': 'application/merge-patch+json', authorization: `Bearer ${ADMIN_TOKEN}` },
      body: JSON.stringify(settings),
    });
    if (!answer.ok) throw new Error(`PATCH ${path}: ${answer.status} ${await answer.text()}`);
  }

  /** What a command of the same binary prints that asks this server: `cap demo --subscribe-max 2M`. */
  async command(...words: readonly string[]): Promise<string> {
    const env = { ...foreignVariables(), SFU_URL: this.url, SFU_TOKEN: ADMIN_TOKEN };
    return (await promisify(execFile)(serverBinary, words, { env })).stdout;
  }

  /** The last 20,000 characters it wrote. */
  get log(): string {
    return this.#log;
  }

  /** One counter or gauge of `/metrics`, summed over its labels that contain `label`. */
  async metric(name: string, label = ''): Promise<number> {
    const text = await (await fetch(`${this.url}/metrics`)).text();
    const lines = text
      .split('\n')
      .filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `));
    if (lines.length === 0) throw new Error(`/metrics has no ${name}`);
    const matching = lines.filter((line) => line.includes(label));
    return matching.reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);
  }

  /** Ends it as an operator does; gives its exit code. */
  async stop(): Promise<number | null> {
    if (this.#process.exitCode !== null) return this.#process.exitCode;
    this.#process.kill('SIGTERM');
    await once(this.#process, 'exit');
    return this.#process.exitCode;
  }

  /** Ends it as a power cut does. */
  async kill(): Promise<void> {
    if (this.#process.exitCode !== null) return;
    const ended = once(this.#process, 'exit');
    this.#process.kill('SIGKILL');
    await ended;
  }
}

async function freeTcpPort(address: string, wanted = 0): Promise<number> {
  const server = createServer().listen(wanted, address);
  await once(server, 'listening');
  const bound = server.address();
  server.close();
  await once(server, 'close');
  if (bound === null || typeof bound === 'string') throw new Error('no TCP port');
  return bound.port;
}

/** The first of as many neighbouring ports as there are shards, free for UDP and TCP. */
async function freeMediaPorts(address: string, count: number): Promise<number> {
  for (;;) {
    const first = await bindMedia(address, 0);
    if (first === undefined) continue;
    const others = await Promise.all(
      Array.from({ length: count - 1 }, (_, i) => bindMedia(address, first + 1 + i)),
    );
    if (others.every((port) => port !== undefined)) return first;
  }
}

async function bindMedia(address: string, port: number): Promise<number | undefined> {
  if (port > 65_535) return undefined;
  const socket = createSocket('udp4');
  try {
    socket.bind(port, address);
    await once(socket, 'listening');
    const bound = socket.address().port;
    socket.close();
    await once(socket, 'close');
    return await freeTcpPort(address, bound);
  } catch {
    return undefined;
  }
}
