import { vi } from 'vitest';
import { Meeting } from '../client/meeting/meeting.ts';
import type { Sizes } from '../client/meeting/sizes.ts';
import type { Surroundings } from '../client/meeting/surroundings.ts';
import type { MeetingOptions } from '../client/meeting/types.ts';
import { FakeMeetingPeer } from './fake-meeting-peer.ts';
import { FakeRoom } from './fake-room.ts';

/** A browser and a server of a test's own; wants fake timers. */
export class MeetingWorld {
  readonly room = new FakeRoom();
  readonly peers: FakeMeetingPeer[] = [];
  readonly page = new EventTarget();
  readonly document = Object.assign(new EventTarget(), { visibilityState: 'visible' as const });
  readonly storage = new Map<string, string>();
  readonly sizes = new FakeSizes();
  #tab = this.#newTab();
  readonly locks = new FakeLocks();
  /** What the browser says that it can send. */
  codecs: RTCRtpCodec[] = [];
  /** What `play()` of sound comes to. */
  autoplay: 'allowed' | 'refused' = 'allowed';

  meeting(options: Partial<MeetingOptions> = {}): Meeting {
    return new Meeting({ room: 'tea', name: 'Me', ...options }, this.surroundings(), this.sizes);
  }

  /** In the room, with media. */
  async live(options: Partial<MeetingOptions> = {}): Promise<Meeting> {
    const made = this.meeting(options);
    made.join();
    await settle();
    this.peer.become('connected');
    return made;
  }

  get peer(): FakeMeetingPeer {
    const last = this.peers.at(-1);
    if (last === undefined) throw new Error('no peer connection was made');
    return last;
  }

  /** The page is gone without a word, and another of the same tab comes. */
  reload(): void {
    this.room.socket.close();
    this.peer.close();
    this.locks.clear();
    this.#tab = this.#newTab();
  }

  /** A tab beside the first, with all that it remembers. */
  copyTab(): void {
    this.#tab = this.#newTab(new Map(this.storage));
  }

  surroundings(): Surroundings {
    return {
      page: this.page,
      document: this.document,
      storage: this.#tab,
      lock: this.locks.request,
      origin: new URL('https://sfu.test'),
      createPeer: () => {
        const peer = new FakeMeetingPeer();
        this.peers.push(peer);
        return peer as unknown as RTCPeerConnection;
      },
      createSocket: this.room.createSocket,
      createAudio: () => this.#audio(),
      createStream: (tracks) => ({ tracks }) as unknown as MediaStream,
      videoCodecs: () => this.codecs,
      random: () => 0,
      now: () => Date.now(),
    };
  }

  #newTab(storage = this.storage): NonNullable<Surroundings['storage']> {
    return {
      getItem: (key) => storage.get(key) ?? null,
      setItem: (key, value) => void storage.set(key, value),
      removeItem: (key) => void storage.delete(key),
    };
  }

  #audio(): HTMLAudioElement {
    const play = (): Promise<void> =>
      this.autoplay === 'allowed'
        ? Promise.resolve()
        : Promise.reject(new DOMException('no gesture', 'NotAllowedError'));
    return { srcObject: null, autoplay: false, play } as unknown as HTMLAudioElement;
  }
}

/** The locks of one browser, over all its pages. */
export class FakeLocks {
  readonly #held = new Map<string, Promise<unknown>>();

  readonly request = async (name: string, signal: AbortSignal, held: () => Promise<void>): Promise<void> => {
    const aborted = new Promise((_, reject) => {
      signal.addEventListener('abort', () => reject(new DOMException('no lock', 'AbortError')));
    });
    // Nobody may be there to hear it.
    aborted.catch(() => undefined);
    while (this.#held.has(name)) await Promise.race([this.#held.get(name), aborted]);
    signal.throwIfAborted();
    const done = held().finally(() => this.#held.delete(name));
    this.#held.set(name, done);
    await done;
  };

  get names(): string[] {
    return [...this.#held.keys()];
  }

  /** The page that held them is gone. */
  clear(): void {
    this.#held.clear();
  }
}

/** Heights that a test gives to elements. */
export class FakeSizes implements Sizes {
  readonly #listeners = new Map<HTMLVideoElement, (height: number) => void>();

  watch(element: HTMLVideoElement, listener: (height: number) => void): () => void {
    this.#listeners.set(element, listener);
    return () => this.#listeners.delete(element);
  }

  resize(element: HTMLVideoElement, height: number): void {
    this.#listeners.get(element)?.(height);
  }
}

/** A `<video>` whose frames a test presents. */
export class FakeVideo {
  srcObject: MediaStream | null = null;
  muted = false;
  playsInline = false;
  autoplay = false;
  #callbacks = new Map<number, VideoFrameRequestCallback>();
  #next = 1;

  play(): Promise<void> {
    return Promise.resolve();
  }

  requestVideoFrameCallback(callback: VideoFrameRequestCallback): number {
    const handle = this.#next;
    this.#next += 1;
    this.#callbacks.set(handle, callback);
    return handle;
  }

  cancelVideoFrameCallback(handle: number): void {
    this.#callbacks.delete(handle);
  }

  /** Presents a frame whose last packet came at that time. */
  frame(receiveTime: number): void {
    const callbacks = [...this.#callbacks.values()];
    this.#callbacks.clear();
    for (const callback of callbacks) callback(receiveTime, { receiveTime } as VideoFrameCallbackMetadata);
  }

  get element(): HTMLVideoElement {
    return this as unknown as HTMLVideoElement;
  }
}

/** Lets everything happen that needs no time. */
export function settle(): Promise<unknown> {
  return vi.advanceTimersByTimeAsync(0);
}

export function pass(ms: number): Promise<unknown> {
  return vi.advanceTimersByTimeAsync(ms);
}
