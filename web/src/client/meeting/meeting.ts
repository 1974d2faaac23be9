import { NAME_BYTES_MAX } from '../limits.ts';
import { Observable, type Unsubscribe } from '../observable.ts';
import { cutToBytes } from '../text.ts';
import type { Joined, ServerMessage, TrackSource } from '../wire.ts';
import { Data } from './data.ts';
import { Media } from './media.ts';
import { Memory } from './memory.ts';
import { Outbox } from './outbox.ts';
import { listenToPage } from './page.ts';
import { Publications } from './publications.ts';
import { progress, type Phase } from './progress.ts';
import { RoomState } from './room-state.ts';
import { Signal } from './signal.ts';
import { ElementSizes, type Sizes } from './sizes.ts';
import { Sound } from './sound.ts';
import { Stage } from './stage.ts';
import { browser, type Surroundings } from './surroundings.ts';
import type { DataLink, MeetingOptions, MeetingState, Retry, ShownTrack, SoundState } from './types.ts';

/** Pictures that can be seen at once to begin with: three rows of three. */
const VIDEO_SLOTS_DEFAULT = 9;

/** One person's part in a room: one socket, one peer connection, and all that comes of them. */
export class Meeting {
  readonly #room = new RoomState();
  readonly options: MeetingOptions;
  readonly state = new Observable<MeetingState>({ kind: 'idle' });
  readonly self = this.#room.self;
  /** The others, in order of arrival. */
  readonly participants = this.#room.participants;
  readonly speakers = this.#room.speakers;
  readonly chat = this.#room.chat;
  /** One's own slots, as the server fills them. */
  readonly slots = this.#room.slots;
  /** The operator's limit that one sends more than, bit/s: the server refuses what is above. Null: it refuses nothing. */
  readonly refusedAbove = this.#room.refusedAbove;
  /** Whether the server asks for tokens; null until it has let one in. */
  readonly access = this.#room.access;
  /** What one may do here; what is sent beyond it, the server does not take. */
  readonly grants = this.#room.grants;
  /** What bounds all that one is sent, about once a second, while it keeps pictures from being better. */
  readonly limit = this.#room.limit;
  /** Whether sound can be heard; browsers hold it back until a person touches the page. */
  readonly sound: Observable<SoundState>;
  /** The peer connection of the moment, for statistics. */
  readonly peer: Observable<RTCPeerConnection | null>;
  /** Offers made so far. */
  readonly negotiations: Observable<number>;
  readonly #surroundings: Surroundings;
  readonly #publications = new Publications(
    (source) => void this.publish(source, null).catch(() => undefined),
  );
  readonly #signal: Signal;
  readonly #media: Media;
  readonly #stage: Stage;
  readonly #sound: Sound;
  readonly #outbox: Outbox;
  #phase: Phase = { kind: 'idle' };
  #unlisten: Unsubscribe = () => undefined;

  constructor(
    options: MeetingOptions,
    surroundings: Surroundings = browser(),
    sizes: Sizes = new ElementSizes(),
  ) {
    this.options = options;
    this.#surroundings = surroundings;
    const url = socketUrl(options, surroundings.origin);
    const memory = new Memory(surroundings, `${url.href} ${options.identity ?? ''}`);
    const { metadata = {}, identity, token } = options;
    // Too long a name is no reason to stay outside.
    const name = cutToBytes(options.name, NAME_BYTES_MAX);
    this.#signal = new Signal(url, { name, metadata, identity, token }, memory, surroundings, {
      joined: (joined) => this.#onJoined(joined),
      message: (message) => this.#onMessage(message),
      waiting: (attempt, retryInMs, problem) => this.#wait({ attempt, retryInMs, problem }),
      failed: (problem) => this.#end({ kind: 'failed', problem }),
    });
    const { simulcast = 'on', codec = 'vp8', videoSlots = VIDEO_SLOTS_DEFAULT } = options;
    this.#media = new Media({ simulcast, codec, slots: videoSlots }, this.#publications, surroundings, {
      joined: () => this.#signal.joined,
      offer: async (sdp, tracks, fresh) =>
        (await this.#signal.request({ type: 'offer', sdp, tracks, fresh })).sdp,
      mute: (mid, muted) => this.#signal.request({ type: 'mute', mid, muted }),
      placed: (video, audio) => {
        if (video.length === 0) this.#room.slots.set([]);
        this.#stage.setPlaces(video);
        this.#sound.setPlaces(audio);
      },
      event: (message) => this.#onMessage(message),
      failed: (problem) => this.#end({ kind: 'failed', problem }),
    });
    this.#media.state.subscribe(() => this.#draw());
    this.peer = this.#media.peer;
    this.negotiations = this.#media.negotiations;
    this.#sound = new Sound(surroundings);
    this.sound = this.#sound.state;
    this.#outbox = new Outbox((text) => this.#signal.request({ type: 'chat', text }));
    this.#stage = new Stage(
      {
        layout: (slots) => this.#signal.request({ type: 'layout', slots: [...slots] }),
        grow: (slots) => this.#media.grow(slots),
        now: () => surroundings.now(),
      },
      sizes,
    );
    this.#room.slots.subscribe((slots) => this.#stage.setStatus(slots));
  }

  /** Goes in; does nothing while one is in or on the way. */
  join(): void {
    const { kind } = this.#phase;
    if (kind === 'joining' || kind === 'joined' || kind === 'reconnecting') return;
    this.#unlisten = listenToPage(this.#surroundings, {
      ends: (how) => {
        // What is sent now may be the last that leaves this page.
        if (how === 'gone') void this.#signal.leave('identity');
        else this.#signal.stop();
        this.#media.close();
      },
      network: (back) => {
        this.#signal.hint();
        if (back === 'back') this.#media.restartIce();
      },
      shown: () => this.#signal.hint(),
    });
    this.#enter({ kind: 'joining' });
    this.#signal.start();
  }

  /** Goes out and says so; tracks stay their owner's to stop. */
  async leave(): Promise<void> {
    const { kind } = this.#phase;
    if (kind === 'idle' || kind === 'left' || kind === 'failed') return;
    const said = this.#signal.leave();
    this.#end({ kind: 'left', reason: 'left', message: '' });
    await said;
  }

  /** Says something to everybody; settles when the server has it, also over an interruption. */
  sendChat(text: string): Promise<void> {
    return this.#outbox.post(text);
  }

  /** Sends `track` in place of what this source sent before; null takes it away. Before or after `join`. */
  async publish(source: TrackSource, track: MediaStreamTrack | null): Promise<void> {
    this.#publications.setTrack(source, track);
    await this.#media.publish(source);
  }

  /** Silences or blacks out one's own track for everybody; holds for whatever the source sends later. */
  async setMuted(source: TrackSource, muted: boolean): Promise<void> {
    this.#publications.setMuted(source, muted);
    await this.#media.tellMutes();
  }

  /** Shows a remote video track in `element`, at the size that the element has, for as long as it is not released. */
  show(element: HTMLVideoElement, trackId: string, options: { priority?: number } = {}): ShownTrack {
    return this.#stage.show(element, trackId, options.priority ?? 0);
  }

  /** Opens a data channel to the server. */
  openData(label: string): DataLink {
    const data = new Data(label, (closed) => this.#media.closeData(closed));
    this.#media.openData(data);
    return data;
  }

  /** Lets sound be heard where the browser held it back; call it from a click or a key. */
  resumeSound(): Promise<void> {
    return this.#sound.resume();
  }

  /** Plays the others through this output device; the empty string is the system's choice. */
  setSpeaker(deviceId: string): Promise<void> {
    return this.#sound.setSpeaker(deviceId);
  }

  #onJoined(joined: Joined): void {
    this.#room.joined(joined);
    this.#enter({ kind: 'joined' });
    this.#media.joined(joined);
    this.#stage.resend();
    this.#outbox.caughtUp(joined);
  }

  /** Whoever was never in has no room to come back to. */
  #wait(retry: Retry): void {
    if (this.#phase.kind === 'joining') this.#enter({ kind: 'joining', retry });
    else this.#enter({ kind: 'reconnecting', ...retry });
  }

  #onMessage(message: ServerMessage): void {
    this.#room.apply(message);
    if (message.type === 'chat') this.#outbox.saw([message.message]);
    else if (message.type === 'encodings') this.#media.wantEncodings(message.tracks);
    else if (message.type === 'restart_ice') this.#media.restartIce();
    else if (message.type === 'media_lost') {
      this.#room.refusedAbove.set(null);
      this.#room.limit.set(null);
      this.#media.lost();
    } else if (message.type === 'ended')
      this.#end({ kind: 'left', reason: message.reason, message: message.message });
  }

  #end(phase: Extract<Phase, { kind: 'left' | 'failed' }>): void {
    this.#unlisten();
    this.#phase = phase;
    if (phase.kind === 'failed') void this.#signal.leave();
    this.#media.close();
    this.#outbox.close();
    this.#room.left();
    this.#draw();
  }

  #enter(phase: Phase): void {
    this.#phase = phase;
    this.#draw();
  }

  #draw(): void {
    const state = progress(this.#phase, this.#media.state.value);
    if (JSON.stringify(state) !== JSON.stringify(this.state.value)) this.state.set(state);
  }
}

function socketUrl({ room, server }: MeetingOptions, origin: URL): URL {
  const url = new URL(`/rooms/${encodeURIComponent(room)}/ws`, server ?? origin);
  url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
  return url;
}
