import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';

/** Stands between browsers and the server's HTTP port; a test shuts it, and every socket through it is gone. */
export class TcpGate {
  readonly url: string;
  readonly #listener: Server;
  readonly #sockets = new Set<Socket>();
  #open = true;

  private constructor(listener: Server, address: string, port: number) {
    this.#listener = listener;
    this.url = `http://${address}:${port}`;
  }

  /** Leads to `port` of the same address. */
  static async start(address: string, port: number): Promise<TcpGate> {
    const listener = createServer();
    listener.listen(0, address);
    await once(listener, 'listening');
    const bound = listener.address();
    if (bound === null || typeof bound === 'string') throw new Error('no TCP port');
    const gate = new TcpGate(listener, address, bound.port);
    listener.on('connection', (inner) => gate.#lead(inner, connect(port, address)));
    return gate;
  }

  /** Ends what is under way and whatever comes. */
  shut(): void {
    this.#open = false;
    for (const socket of this.#sockets) socket.destroy();
  }

  reopen(): void {
    this.#open = true;
  }

  close(): void {
    this.shut();
    this.#listener.close();
  }

  #lead(inner: Socket, outer: Socket): void {
    for (const [from, to] of [
      [inner, outer],
      [outer, inner],
    ] as const) {
      this.#sockets.add(from);
      from.on('error', () => from.destroy());
      from.on('close', () => {
        this.#sockets.delete(from);
        to.destroy();
      });
      from.pipe(to);
    }
    if (!this.#open) inner.destroy();
  }
}
