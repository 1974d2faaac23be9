import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';

interface Way {
  readonly socket: Socket;
}

/** Stands between browsers and one media port of the server, and loses datagrams each way by a seeded draw. */
export class LossyRelay {
  readonly port: number;
  readonly dropped = { toServer: 0, toBrowser: 0 };
  readonly passed = { toServer: 0, toBrowser: 0 };
  /** The share lost, each way; a test may change it while media flows. */
  loss: number;
  readonly #front: Socket;
  readonly #serverPort: number;
  readonly #address: string;
  readonly #ways = new Map<string, Way>();
  readonly #random: () => number;

  private constructor(front: Socket, address: string, serverPort: number, loss: number, seed: number) {
    this.#front = front;
    this.port = front.address().port;
    this.#address = address;
    this.#serverPort = serverPort;
    this.loss = loss;
    this.#random = mulberry32(seed);
    front.on('message', (datagram, from) => this.#toServer(datagram, from.address, from.port));
  }

  /** `address` is the server's, and its own. */
  static async start(
    serverPort: number,
    loss: number,
    seed: number,
    address = '127.0.0.1',
  ): Promise<LossyRelay> {
    const front = createSocket({ type: 'udp4', recvBufferSize: 1 << 20, sendBufferSize: 1 << 20 });
    front.bind(0, address);
    await once(front, 'listening');
    return new LossyRelay(front, address, serverPort, loss, seed);
  }

  close(): void {
    this.#front.close();
    for (const { socket } of this.#ways.values()) socket.close();
  }

  #toServer(datagram: Buffer, address: string, port: number): void {
    if (this.#random() < this.loss) {
      this.dropped.toServer += 1;
      return;
    }
    this.passed.toServer += 1;
    this.#way(address, port).socket.send(datagram, this.#serverPort, this.#address);
  }

  /** Each browser socket gets one of its own towards the server, so that the server tells them apart. */
  #way(address: string, port: number): Way {
    const key = `${address}:${port}`;
    const known = this.#ways.get(key);
    if (known !== undefined) return known;
    const socket = createSocket({ type: 'udp4', recvBufferSize: 1 << 20, sendBufferSize: 1 << 20 });
    socket.on('message', (datagram) => {
      if (this.#random() < this.loss) {
        this.dropped.toBrowser += 1;
        return;
      }
      this.passed.toBrowser += 1;
      this.#front.send(datagram, port, address);
    });
    const way = { socket };
    this.#ways.set(key, way);
    return way;
  }
}

/** A small seeded generator, so that a run that failed can be run again. */
function mulberry32(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
