import { Observable } from '../observable.ts';
import type { ChatMessage, Participant, Slot, Speakers, TrackSource } from '../wire.ts';
import type { DataLink, MeetingOptions, MeetingState, ShownTrack, SoundState } from './types.ts';

/** One person's part in a room: one socket, one peer connection, and all that comes of them. */
export class Meeting {
  readonly options: MeetingOptions;
  readonly state = new Observable<MeetingState>({ kind: 'idle' });
  readonly self = new Observable<Participant | null>(null);
  /** The others, in order of arrival. */
  readonly participants = new Observable<readonly Participant[]>([]);
  readonly speakers = new Observable<Speakers>({ dominant: null, speaking: [] });
  readonly chat = new Observable<readonly ChatMessage[]>([]);
  readonly slots = new Observable<readonly Slot[]>([]);
  readonly sound = new Observable<SoundState>('playing');
  /** The peer connection of the moment, for statistics. */
  readonly peer = new Observable<RTCPeerConnection | null>(null);
  /** Offers made so far. */
  readonly negotiations = new Observable(0);

  constructor(options: MeetingOptions) {
    this.options = options;
  }

  /** Goes in; does nothing while one is in or on the way. */
  join(): void {
    this.state.set({ kind: 'joining' });
  }

  leave(): Promise<void> {
    this.state.set({ kind: 'left', reason: 'left', message: '' });
    return Promise.resolve();
  }

  /** Says something to everybody; settles when the server has it. */
  sendChat(text: string): Promise<void> {
    soon(text);
    return Promise.resolve();
  }

  /** Sends `track` in place of what this source sent before; null takes it away. Before or after `join`. */
  publish(source: TrackSource, track: MediaStreamTrack | null): Promise<void> {
    soon(source);
    soon(track);
    return Promise.resolve();
  }

  setMuted(source: TrackSource, muted: boolean): Promise<void> {
    soon(source);
    soon(muted);
    return Promise.resolve();
  }

  /** Shows a remote video track in `element`, at the size that the element has, for as long as it is not released. */
  show(element: HTMLVideoElement, trackId: string, options: { priority?: number } = {}): ShownTrack {
    soon(element);
    soon(trackId);
    soon(options);
    return {
      slot: new Observable<Slot | null>(null),
      picture: new Observable<'blank' | 'shown'>('blank'),
      update: () => undefined,
      release: () => undefined,
    };
  }

  /** Opens a data channel to the server. */
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

  /** Lets sound be heard where the browser held it back; call it from a click or a key. */
  resumeSound(): Promise<void> {
    return Promise.resolve();
  }

  /** Plays the others through this output device; the empty string is the system's choice. */
  setSpeaker(deviceId: string): Promise<void> {
    soon(deviceId);
    return Promise.resolve();
  }
}

/** Not yet. */
function soon(argument: unknown): unknown {
  return argument;
}
