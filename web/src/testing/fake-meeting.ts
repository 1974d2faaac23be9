import {
  Observable,
  type Access,
  type ChatMessage,
  type DataLink,
  type Grant,
  type Limit,
  type MeetingOptions,
  type MeetingState,
  type Participant,
  type ShownTrack,
  type Slot,
  type SoundState,
  type Speakers,
  type Track,
  type TrackSource,
} from '../client/index.ts';
import type { RoomMeeting } from '../room/visit/room-meeting.ts';

/** Noon of some day, ms since 1970. */
const NOON_MS = Date.UTC(2026, 0, 5, 12);

/** Of every slot: there is one of each track. */
const LIVE = {
  mid: '2',
  kind: 'video',
  state: 'live',
  layer: null,
  limitedBy: null,
  limitBps: null,
} as const;

/** A meeting whose every state is set by hand; no connection, no socket. */
export class FakeMeeting implements RoomMeeting {
  readonly options: MeetingOptions;
  readonly state = new Observable<MeetingState>({ kind: 'idle' });
  readonly self = new Observable<Participant | null>(null);
  readonly participants = new Observable<readonly Participant[]>([]);
  readonly speakers = new Observable<Speakers>({ dominant: null, speaking: [] });
  readonly chat = new Observable<readonly ChatMessage[]>([]);
  readonly slots = new Observable<readonly Slot[]>([]);
  readonly refusedAbove = new Observable<number | null>(null);
  readonly access = new Observable<Access | null>('token');
  readonly grants = new Observable<readonly Grant[]>([
    'join',
    'publish_microphone',
    'publish_camera',
    'publish_screen',
    'subscribe',
    'data',
  ]);
  readonly limit = new Observable<Limit | null>(null);
  readonly sound = new Observable<SoundState>('playing');
  readonly peer = new Observable<RTCPeerConnection | null>(null);
  readonly negotiations = new Observable(0);
  /** What was asked of it, in order. */
  readonly asked: string[] = [];
  /** What is said of the slots that carry a track; `live` and not limited unless it says otherwise. */
  readonly slotsOf = new Map<string, Partial<Slot>>();
  /** What remote tracks look like. */
  picture: (trackId: string) => MediaStream | null = () => null;
  /** What sending a message comes to. */
  chatFails: Error | null = null;

  constructor(options: MeetingOptions = { room: 'friday-lunch', name: 'Ada' }) {
    this.options = options;
  }

  join(): void {
    this.asked.push('join');
    this.state.set({ kind: 'joining' });
  }

  /** What the server's `joined` and the first media would bring. */
  enter(others: readonly Participant[] = []): void {
    this.self.set(person(this.options.name, { identity: 'self' }));
    this.participants.set(others);
    this.state.set({ kind: 'joined', media: 'live' });
  }

  leave(): Promise<void> {
    this.asked.push('leave');
    this.state.set({ kind: 'left', reason: 'left', message: '' });
    return Promise.resolve();
  }

  sendChat(text: string): Promise<void> {
    if (this.chatFails !== null) return Promise.reject(this.chatFails);
    this.say('self', this.options.name, text);
    return Promise.resolve();
  }

  /** A message that arrives. */
  say(from: string, name: string, text: string, atMs = NOON_MS): void {
    this.chat.set([...this.chat.value, { number: this.chat.value.length + 1, from, name, text, atMs }]);
  }

  publish(source: TrackSource, track: MediaStreamTrack | null): Promise<void> {
    this.asked.push(`publish ${source} ${track === null ? 'nothing' : 'track'}`);
    return Promise.resolve();
  }

  setMuted(source: TrackSource, muted: boolean): Promise<void> {
    this.asked.push(`${muted ? 'mute' : 'unmute'} ${source}`);
    return Promise.resolve();
  }

  show(element: HTMLVideoElement, trackId: string): ShownTrack {
    const stream = this.picture(trackId);
    const slot: Slot = { ...LIVE, track: trackId, ...this.slotsOf.get(trackId) };
    const shown = stream !== null && slot.state === 'live';
    if (shown) element.srcObject = stream;
    return {
      slot: new Observable<Slot | null>(slot),
      picture: new Observable<'blank' | 'shown'>(shown ? 'shown' : 'blank'),
      update: () => undefined,
      release: () => {
        element.srcObject = null;
      },
    };
  }

  openData(label: string): DataLink {
    return {
      label,
      state: new Observable<'connecting' | 'open' | 'closed'>('connecting'),
      pressure: new Observable<'clear' | 'full'>('clear'),
      send: () => 'closed',
      onMessage: () => () => undefined,
      close: () => undefined,
    };
  }

  resumeSound(): Promise<void> {
    this.asked.push('resume sound');
    this.sound.set('playing');
    return Promise.resolve();
  }

  setSpeaker(deviceId: string): Promise<void> {
    this.asked.push(`speaker ${deviceId}`);
    return Promise.resolve();
  }
}

export interface PersonOptions extends Partial<Omit<Participant, 'name' | 'tracks'>> {
  readonly microphone?: 'on' | 'muted' | 'none';
  readonly camera?: 'on' | 'muted' | 'none';
  readonly screen?: 'on' | 'none';
}

/** Somebody with a camera and a microphone, unless said otherwise. */
export function person(name: string, options: PersonOptions = {}): Participant {
  const { microphone = 'on', camera = 'on', screen = 'none', ...rest } = options;
  const identity = rest.identity ?? name.toLowerCase();
  const track = (source: TrackSource, mid: string, muted: boolean): Track => ({
    id: `${mid}@${identity}`,
    mid,
    kind: source === 'microphone' ? 'audio' : 'video',
    source,
    muted,
  });
  return {
    metadata: {},
    presence: 'present',
    via: 'room',
    joinedAtMs: NOON_MS,
    ...rest,
    identity,
    name,
    tracks: [
      ...(microphone === 'none' ? [] : [track('microphone', '0', microphone === 'muted')]),
      ...(camera === 'none' ? [] : [track('camera', '1', camera === 'muted')]),
      ...(screen === 'none' ? [] : [track('screen', '30', false)]),
    ],
  };
}
