/** Carries one offer to the server and brings its answer. */
export type Exchange = (sdp: string) => Promise<string>;

/** What an exchange came to: answered, or kept for later because there was nobody to ask. */
type Outcome = 'answered' | 'parked';

/** Makes the offers of one peer connection, one at a time; wishes that come meanwhile share the next. */
export class Negotiator {
  readonly #connection: RTCPeerConnection;
  readonly #exchange: Exchange;
  readonly #onAnswered: () => void;
  readonly #onFailed: (error: unknown) => 'park' | 'give_up';
  #running: Promise<Outcome> | null = null;
  #next: Promise<Outcome> | null = null;
  #parked: 'yes' | 'no' = 'no';

  /** `onFailed` judges whether a failed offer is to be made again at `resume`. */
  constructor(
    connection: RTCPeerConnection,
    exchange: Exchange,
    onAnswered: () => void,
    onFailed: (error: unknown) => 'park' | 'give_up',
  ) {
    this.#connection = connection;
    this.#exchange = exchange;
    this.#onAnswered = onAnswered;
    this.#onFailed = onFailed;
  }

  /** Settles when an offer that was made after this call is answered, or is parked for want of a socket. */
  negotiate(): Promise<Outcome> {
    if (this.#running === null) return this.#start();
    this.#next ??= this.#running.then(() => {
      this.#next = null;
      return this.#start();
    });
    return this.#next;
  }

  /** The socket is back: makes the offer that could not be made, if there is one. */
  resume(): void {
    if (this.#parked === 'yes') void this.negotiate();
  }

  #start(): Promise<Outcome> {
    this.#running = this.#offer().finally(() => {
      this.#running = null;
    });
    return this.#running;
  }

  async #offer(): Promise<Outcome> {
    this.#parked = 'no';
    try {
      await this.#connection.setLocalDescription();
      const sdp = await this.#exchange(this.#connection.localDescription?.sdp ?? '');
      await this.#connection.setRemoteDescription({ type: 'answer', sdp });
    } catch (error) {
      if (this.#onFailed(error) === 'park') this.#parked = 'yes';
      return 'parked';
    }
    this.#onAnswered();
    return 'answered';
  }
}
