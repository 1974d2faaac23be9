import type { VideoCodec } from '../codec.ts';
import type { Observable, Unsubscribe } from '../observable.ts';
import type { Problem } from '../problem.ts';
import type { LeaveReason, Slot } from '../wire.ts';

export interface MeetingOptions {
  readonly room: string;
  /** What the others call one; need not be unique. Cut to 128 bytes of UTF-8. */
  readonly name: string;
  readonly metadata?: Readonly<Record<string, string>>;
  /** Where the server is; the page's own origin unless said. */
  readonly server?: URL;
  /** A name of one's own in the room; the server makes one up if there is none. */
  readonly identity?: string;
  /** What lets one in where the server asks for it (JWT). It says who one is, whatever `identity` says. */
  readonly token?: string;
  /** Tracks that can be seen at once to begin with; more are negotiated when more are shown. Default 9, at most 25. */
  readonly videoSlots?: number;
  /** Whether the camera is sent in three sizes; it is unless this says `off`. */
  readonly simulcast?: 'on' | 'off';
  /** The codec to send the camera with; VP8 unless said, which every browser has. */
  readonly codec?: VideoCodec;
}

/** What is waited for after an attempt that came to nothing. */
export interface Retry {
  /** How many attempts have failed, from 1. */
  readonly attempt: number;
  readonly retryInMs: number;
  readonly problem: Problem;
}

export type MeetingState =
  | { readonly kind: 'idle' }
  /** Until the server has let one in for the first time; `retry` once an attempt has failed. */
  | { readonly kind: 'joining'; readonly retry?: Retry }
  | { readonly kind: 'joined'; readonly media: 'connecting' | 'live' | 'restarting' }
  | (Retry & {
      readonly kind: 'reconnecting';
      /** Sound and pictures go on without the socket as long as their own path holds. */
      readonly media: 'live' | 'lost';
    })
  | { readonly kind: 'left'; readonly reason: LeaveReason; readonly message: string }
  | { readonly kind: 'failed'; readonly problem: Problem };

/** Whether the browser lets sound be heard; `blocked` until a person touches the page. */
export type SoundState = 'playing' | 'blocked';

/** A remote video track that is to be seen in an element. */
export interface ShownTrack {
  /** The slot that carries the track, as soon as it does; null while there is none. */
  readonly slot: Observable<Slot | null>;
  /**
   * `shown` while the element shows a frame of this very track and of no one before it, and the server does not hold the
   * track back; draw something else over it while it is `blank`.
   */
  readonly picture: Observable<'blank' | 'shown'>;
  update(options: { readonly priority: number }): void;
  /** Gives the slot back. */
  release(): void;
}

/** A data channel to the server. */
export interface DataLink {
  readonly label: string;
  readonly state: Observable<'connecting' | 'open' | 'closed'>;
  /** `full` while more is buffered than the network took; `send` refuses until it is `clear` again. */
  readonly pressure: Observable<'clear' | 'full'>;
  /** Sends one message in order, or says why it did not. Nothing is kept that was not `sent`. */
  send(data: string | ArrayBuffer): 'sent' | 'full' | 'too_large' | 'closed';
  onMessage(listener: (data: string | ArrayBuffer) => void): Unsubscribe;
  close(): void;
}
