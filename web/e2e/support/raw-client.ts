import { once } from 'node:events';
import { connect } from 'node:net';
import type { ServerMessage } from '../../src/client/wire.ts';
import { eventually } from './wait.ts';

type ErrorMessage = Extract<ServerMessage, { type: 'error' }>;

/** A signalling socket that says whatever it is told to. */
export class RawClient {
  readonly received: ServerMessage[] = [];
  /** How it ended; absent while it is open. */
  closed: { readonly code: number; readonly reason: string } | undefined;
  readonly #socket: WebSocket;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.addEventListener('message', ({ data }) => {
      this.received.push(JSON.parse(String(data)) as ServerMessage);
    });
    socket.addEventListener('close', ({ code, reason }) => {
      this.closed = { code, reason };
    });
  }

  static async open(url: string, room: string): Promise<RawClient> {
    const client = new RawClient(new WebSocket(`${url.replace(/^http/, 'ws')}/rooms/${room}/ws`));
    await eventually(
      'the socket is open',
      () => client.#socket.readyState,
      (state) => state === WebSocket.OPEN,
    );
    return client;
  }

  send(data: string | Uint8Array<ArrayBuffer>): void {
    this.#socket.send(data);
  }

  say(message: object): void {
    this.send(JSON.stringify(message));
  }

  async join(name: string): Promise<void> {
    this.say({ id: 1, type: 'join', version: 1, name });
    await eventually(
      `${name} joined`,
      () => this.received.map(({ type }) => type),
      (types) => types.includes('joined'),
    );
  }

  get errors(): readonly ErrorMessage[] {
    return this.received.filter((message) => message.type === 'error');
  }

  /** Waits for an error in answer to what was said, or for the end of the socket. */
  async refused(what: string): Promise<ErrorMessage | undefined> {
    await eventually(
      `${what} is refused`,
      () => ({ errors: this.errors, closed: this.closed ?? null }),
      ({ errors, closed }) => errors.length > 0 || closed !== null,
    );
    return this.errors[0];
  }

  close(): void {
    this.#socket.close();
  }
}

/** Upgrades to a WebSocket, then sends `bytes` that follow no rule of RFC 6455; settles when the server hung up. */
export async function garbage(url: string, room: string, bytes: Uint8Array): Promise<void> {
  const { hostname, port, host } = new URL(url);
  const socket = connect(Number(port), hostname);
  await once(socket, 'connect');
  socket.on('error', () => undefined);
  socket.write(
    [
      `GET /rooms/${room}/ws HTTP/1.1`,
      `Host: ${host}`,
      'Connection: Upgrade',
      'Upgrade: websocket',
      'Sec-WebSocket-Version: 13',
      'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
      '\r\n',
    ].join('\r\n'),
  );
  await once(socket, 'data');
  const ended = once(socket, 'close');
  socket.resume();
  socket.write(bytes);
  await ended;
}
