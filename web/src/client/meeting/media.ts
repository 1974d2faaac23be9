import { retryDelayMs } from '../backoff.ts';
import { Observable } from '../observable.ts';
import { problemFromError, type Problem } from '../problem.ts';
import type { Joined, ServerMessage, TrackEncodings, TrackSource, TrackUse } from '../wire.ts';
import type { Data } from './data.ts';
import type { Publications } from './publications.ts';
import type { Place } from './receivers.ts';
import { NO_MEDIA_PATH, RequestError, waitsForSocket } from './request-error.ts';
import type { SendOptions } from './senders.ts';
import { Session } from './session.ts';
import type { Surroundings } from './surroundings.ts';

/** Peer connections tried before one says that media cannot get through, if none ever did. */
const ATTEMPTS_MAX = 3;

export type MediaState = 'none' | 'connecting' | 'live' | 'restarting';

/** What the media path needs of signalling, and whom it tells. */
export interface MediaHost {
  joined(): 'yes' | 'no';
  offer(sdp: string, tracks: TrackUse[], fresh: boolean): Promise<string>;
  mute(mid: string, muted: boolean): Promise<unknown>;
  placed(video: readonly Place[], audio: readonly Place[]): void;
  event(message: ServerMessage): void;
  failed(problem: Problem): void;
}

/** Keeps media flowing: one peer connection after another, with everything published and shown again on each. */
export class Media {
  readonly state = new Observable<MediaState>('none');
  readonly peer = new Observable<RTCPeerConnection | null>(null);
  /** Offers made so far. */
  readonly negotiations = new Observable(0);
  readonly #options: SendOptions;
  readonly #publications: Publications;
  readonly #surroundings: Surroundings;
  readonly #host: MediaHost;
  readonly #links = new Set<Data>();
  #slots: number;
  #session: Session | null = null;
  #iceServers: RTCIceServer[] = [];
  /** Whether the server may hold a transport of an earlier peer connection of this participant. */
  #stale: 'yes' | 'no' = 'no';
  #everLive: 'yes' | 'no' = 'no';
  #attempt = 0;
  #retry: ReturnType<typeof setTimeout> | undefined;

  constructor(
    options: SendOptions & { readonly slots: number },
    publications: Publications,
    surroundings: Surroundings,
    host: MediaHost,
  ) {
    this.#options = options;
    this.#slots = options.slots;
    this.#publications = publications;
    this.#surroundings = surroundings;
    this.#host = host;
  }

  /** One is in: goes on with the peer connection of before if the server still has its other end. */
  joined(joined: Joined): void {
    this.#iceServers = joined.iceServers;
    const session = this.#session;
    if (session !== null && joined.resumed && (joined.media || session.answered === 'never')) {
      this.#stale = 'yes';
      session.resume(joined);
      return;
    }
    this.#stale = joined.resumed ? 'yes' : 'no';
    this.#rebuild();
  }

  async publish(source: TrackSource): Promise<void> {
    const session = this.#session;
    try {
      await session?.publish(source);
    } catch (error) {
      // The connection that came after has it by now.
      if (session === this.#session) throw error;
    }
  }

  async tellMutes(): Promise<void> {
    await this.#session?.tellMutes();
  }

  /** Which encodings anybody is shown: the others need not be sent. */
  wantEncodings(tracks: readonly TrackEncodings[]): void {
    this.#session?.wantEncodings(tracks);
  }

  /** Makes room for so many pictures at once. */
  grow(slots: number): void {
    this.#slots = Math.max(this.#slots, slots);
    this.#session?.grow(slots);
  }

  openData(link: Data): void {
    this.#links.add(link);
    this.#session?.attach(link);
  }

  closeData(link: Data): void {
    this.#links.delete(link);
  }

  restartIce(): void {
    if (this.state.value !== 'live') return;
    this.state.set('restarting');
    this.#session?.restartIce();
  }

  /** The server's end is gone. */
  lost(): void {
    this.#stale = 'yes';
    if (this.#host.joined() === 'yes') this.#rebuild();
  }

  close(): void {
    this.#drop();
    this.#everLive = 'no';
    this.#attempt = 0;
    this.state.set('none');
  }

  #rebuild(): void {
    this.#drop();
    this.state.set(this.#everLive === 'yes' ? 'restarting' : 'connecting');
    const current = (action: () => void) => (): void => {
      if (this.#session === session) action();
    };
    const options = { ...this.#options, slots: this.#slots, iceServers: this.#iceServers };
    const session: Session = new Session(options, this.#publications, this.#links, this.#surroundings, {
      offer: (sdp, tracks) => {
        this.negotiations.set(this.negotiations.value + 1);
        const fresh = this.#session?.answered !== 'once' && this.#stale === 'yes';
        return this.#host.offer(sdp, tracks, fresh);
      },
      mute: (mid, muted) => this.#host.mute(mid, muted),
      placed: (video, audio) => {
        if (this.#session === session) this.#host.placed(video, audio);
      },
      event: (message) => this.#host.event(message),
      live: current(() => {
        this.#attempt = 0;
        this.#everLive = 'yes';
        this.state.set('live');
      }),
      silent: current(() => this.restartIce()),
      dead: current(() => this.#lose(NO_MEDIA_PATH)),
      failed: (error) => (this.#session === session ? this.#judge(error) : 'give_up'),
    });
    this.#session = session;
    this.peer.set(session.connection);
  }

  #judge(thrown: unknown): 'park' | 'give_up' {
    const error = problemFromError(thrown);
    if (error instanceof RequestError && error.outlook === 'permanent' && error.code !== 'out_of_order') {
      this.#host.failed(error.problem);
      return 'give_up';
    }
    if (waitsForSocket(thrown)) return 'park';
    this.#lose(error.problem);
    return 'give_up';
  }

  /** This peer connection is of no use any more: the next one at once, those after it with growing pauses. */
  #lose(problem: Problem): void {
    this.#drop();
    this.#stale = 'yes';
    this.#attempt += 1;
    if (this.#everLive === 'no' && this.#attempt >= ATTEMPTS_MAX) {
      this.#host.failed(problem);
      return;
    }
    this.state.set(this.#everLive === 'yes' ? 'restarting' : 'connecting');
    const delayMs = this.#attempt === 1 ? 0 : retryDelayMs(this.#attempt, this.#surroundings.random());
    this.#retry = setTimeout(() => {
      // Without the socket, whoever brings it back brings the next connection too.
      if (this.#host.joined() === 'yes') this.#rebuild();
    }, delayMs);
  }

  #drop(): void {
    clearTimeout(this.#retry);
    const session = this.#session;
    this.#session = null;
    if (session === null) return;
    session.close();
    this.peer.set(null);
    this.#host.placed([], []);
  }
}
