import type { Joined, ServerMessage, TrackEncodings, TrackSource, TrackUse } from '../wire.ts';
import type { Data } from './data.ts';
import { Health } from './health.ts';
import { Negotiator } from './negotiator.ts';
import type { Publications } from './publications.ts';
import { Receivers, type Place } from './receivers.ts';
import { Senders, type SendOptions } from './senders.ts';
import { parseMessage } from './socket.ts';
import type { Surroundings } from './surroundings.ts';

/** The server's own channel to the client; it makes the transport ready for data from the first offer on. */
const EVENTS_LABEL = 'events';

export interface SessionOptions extends SendOptions {
  readonly slots: number;
  readonly iceServers: RTCIceServer[];
}

export interface SessionListener {
  offer(sdp: string, tracks: TrackUse[]): Promise<string>;
  mute(mid: string, muted: boolean): Promise<unknown>;
  /** The slots that the server knows now. */
  placed(video: readonly Place[], audio: readonly Place[]): void;
  event(message: ServerMessage): void;
  live(): void;
  silent(): void;
  dead(): void;
  /** An offer failed; whether to make it again when the socket is back. */
  failed(error: unknown): 'park' | 'give_up';
}

/** One peer connection, from its first offer to its end. */
export class Session {
  readonly connection: RTCPeerConnection;
  readonly #listener: SessionListener;
  readonly #senders: Senders;
  readonly #receivers: Receivers;
  readonly #negotiator: Negotiator;
  readonly #health: Health;
  /** What the server was last told of each section; `doubtful` if nobody knows whether it took that over. */
  readonly #told = new Map<string, boolean | 'doubtful'>();
  #answered: 'never' | 'once' = 'never';
  #restart: 'none' | 'offered' = 'none';
  /** Changes of tracks, one after another. */
  #work: Promise<unknown> = Promise.resolve();
  /** The offer that is to follow them; null when none is wanted. */
  #wish: Promise<unknown> | null = null;

  constructor(
    options: SessionOptions,
    publications: Publications,
    links: Iterable<Data>,
    surroundings: Surroundings,
    listener: SessionListener,
  ) {
    const { iceServers, slots } = options;
    this.#listener = listener;
    this.connection = surroundings.createPeer({ bundlePolicy: 'max-bundle', iceServers });
    this.#senders = new Senders(this.connection, publications, options, surroundings);
    this.#receivers = new Receivers(this.connection, slots, surroundings.createStream);
    const events = this.connection.createDataChannel(EVENTS_LABEL);
    events.addEventListener('message', ({ data }) => {
      const message = parseMessage(data);
      if (message !== null) listener.event(message);
    });
    for (const link of links) link.attach(this.connection);
    this.#health = new Health(this.connection, {
      live: () => listener.live(),
      silent: () => listener.silent(),
      dead: () => listener.dead(),
    });
    this.#negotiator = new Negotiator(
      this.connection,
      (sdp) => this.#exchange(sdp),
      () => this.#onAnswered(),
      (error) => (this.connection.signalingState === 'closed' ? 'give_up' : listener.failed(error)),
    );
    void this.#negotiator.negotiate();
  }

  get answered(): 'never' | 'once' {
    return this.#answered;
  }

  /** Sends what is to be published from `source` now. */
  async publish(source: TrackSource): Promise<void> {
    const applied = this.#work.then(() => this.#senders.apply(source));
    this.#work = applied.catch(() => undefined);
    if ((await applied) === 'offer') await this.#offerChanges();
    await this.tellMutes();
  }

  /** Tells the server what it does not know yet of what is muted. */
  async tellMutes(): Promise<void> {
    for (;;) {
      // Looked at anew after each answer: it may have changed, and been told, while that was awaited.
      const untold = this.#senders.uses().find(({ mid, muted }) => {
        const told = this.#told.get(mid);
        return told !== undefined && told !== muted;
      });
      if (untold === undefined) return;
      await this.#tellMute(untold.mid, untold.muted);
    }
  }

  grow(slots: number): void {
    if (this.#receivers.grow(slots) === 'offer') void this.#negotiator.negotiate();
  }

  attach(link: Data): void {
    link.attach(this.connection);
  }

  /** Looks for another path by new ICE credentials; nothing else changes. */
  restartIce(): void {
    this.#restart = 'offered';
    this.#health.restarting();
    this.connection.restartIce();
    void this.#negotiator.negotiate();
  }

  /** Sends what the server says is wanted of each track's encodings, once the changes before it are made. */
  wantEncodings(tracks: readonly TrackEncodings[]): void {
    this.#work = this.#work.then(() => this.#senders.want(tracks)).catch(() => undefined);
  }

  /** The socket is back: goes by what the server believes. */
  resume({ participant, participants, encodings }: Joined): void {
    const self = participants.find(({ identity }) => identity === participant);
    for (const { mid, muted } of self?.tracks ?? []) this.#told.set(mid, muted);
    this.#senders.forgetWanted();
    this.wantEncodings(encodings);
    this.#negotiator.resume();
    void this.tellMutes().catch(() => undefined);
  }

  close(): void {
    this.#health.close();
    this.connection.close();
  }

  async #tellMute(mid: string, muted: boolean): Promise<void> {
    this.#told.set(mid, muted);
    try {
      await this.#listener.mute(mid, muted);
    } catch (error) {
      if (this.#told.get(mid) === muted) this.#told.set(mid, 'doubtful');
      throw error;
    }
  }

  /** One offer for all the changes that wait in line: a screen and its sound cost one. */
  #offerChanges(): Promise<unknown> {
    this.#wish ??= this.#work.then(() => {
      this.#wish = null;
      return this.#negotiator.negotiate();
    });
    return this.#wish;
  }

  async #exchange(sdp: string): Promise<string> {
    const uses = this.#senders.uses();
    const answer = await this.#listener.offer(sdp, uses);
    for (const { mid, muted } of uses) this.#told.set(mid, muted);
    return answer;
  }

  #onAnswered(): void {
    if (this.#answered === 'never') this.#health.begin();
    this.#answered = 'once';
    if (this.#restart === 'offered') this.#health.restarted();
    this.#restart = 'none';
    this.#listener.placed(this.#receivers.video(), this.#receivers.audio());
    void this.tellMutes().catch(() => undefined);
  }
}
