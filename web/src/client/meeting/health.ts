import { CONNECT_MS_MAX, DISCONNECTED_MS_MAX, RESTART_MS_MAX } from '../limits.ts';

/** A path that was never down needs this long, ms, to show that it bears the new credentials. */
const SETTLE_MS = 1_000;
/** How long the server's word for an end may come after the end itself, ms. */
const FAREWELL_MS = 500;

export interface HealthListener {
  /** Media gets through. */
  live(): void;
  /** The path went silent: new credentials may find another. */
  silent(): void;
  /** This connection will not carry media any more. */
  dead(): void;
}

/** Watches whether one peer connection still carries media. */
export class Health {
  readonly #connection: RTCPeerConnection;
  readonly #listener: HealthListener;
  readonly #stop = new AbortController();
  #phase: 'connecting' | 'live' | 'restarting' = 'connecting';
  #timer: ReturnType<typeof setTimeout> | undefined;
  #settle: ReturnType<typeof setTimeout> | undefined;

  constructor(connection: RTCPeerConnection, listener: HealthListener) {
    this.#connection = connection;
    this.#listener = listener;
    const { signal } = this.#stop;
    connection.addEventListener('connectionstatechange', () => this.#look(), { signal });
  }

  /** The first answer is here: from now on time counts. */
  begin(): void {
    this.#arm(CONNECT_MS_MAX, () => this.#listener.dead());
    this.#watchDtls();
  }

  /** An ICE restart is on its way, and nothing is judged until it was answered. */
  restarting(): void {
    clearTimeout(this.#timer);
    this.#phase = 'restarting';
  }

  /** An ICE restart was answered. */
  restarted(): void {
    this.#arm(RESTART_MS_MAX, () => {
      if (this.#connection.connectionState === 'connected') this.#revive();
      else this.#listener.dead();
    });
    this.#settle = setTimeout(() => {
      if (this.#connection.connectionState === 'connected') this.#revive();
    }, SETTLE_MS);
  }

  close(): void {
    clearTimeout(this.#timer);
    clearTimeout(this.#settle);
    this.#stop.abort();
  }

  #look(): void {
    switch (this.#connection.connectionState) {
      case 'connected':
        this.#revive();
        break;
      case 'disconnected':
        if (this.#phase === 'live') this.#arm(DISCONNECTED_MS_MAX, () => this.#listener.silent());
        break;
      case 'failed':
        if (this.#phase === 'connecting') this.#listener.dead();
        else if (this.#phase === 'live') this.#listener.silent();
        break;
      case 'new':
      case 'connecting':
      case 'closed':
        break;
    }
  }

  #revive(): void {
    clearTimeout(this.#timer);
    clearTimeout(this.#settle);
    this.#phase = 'live';
    this.#listener.live();
  }

  /** A DTLS alert tells at once that the server ended the transport; ICE alone would notice half a minute later. */
  #watchDtls(): void {
    const [first] = this.#connection.getTransceivers();
    const transport = first?.sender.transport ?? null;
    const { signal } = this.#stop;
    transport?.addEventListener(
      'statechange',
      () => {
        if (transport.state === 'closed' || transport.state === 'failed') {
          this.#arm(FAREWELL_MS, () => this.#listener.dead());
        }
      },
      { signal },
    );
  }

  #arm(delayMs: number, action: () => void): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(action, delayMs);
  }
}
