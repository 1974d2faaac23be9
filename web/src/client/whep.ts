import { Link, type LinkOptions } from './link.ts';
import type { Observable } from './observable.ts';
import type { LinkState } from './state.ts';

export interface WhepOptions extends Omit<LinkOptions, 'prepare'> {
  /** How many publishers can be seen and heard at once. */
  readonly slots: number;
}

/** One place for a publisher: a video and an audio track that the server fills, empties and fills again. */
export interface Slot {
  readonly index: number;
  /** The same stream through every reconnect, so that a `<video>` showing it stays in place. */
  readonly stream: MediaStream;
}

/** Watches a room by WHEP. */
export class WhepClient {
  readonly slots: readonly Slot[];
  readonly #link: Link;

  constructor(options: WhepOptions) {
    this.slots = Array.from({ length: options.slots }, (_, index) => ({ index, stream: new MediaStream() }));
    this.#link = new Link({ ...options, prepare: (peer) => openSlots(peer, this.slots) });
  }

  get state(): Observable<LinkState> {
    return this.#link.state;
  }

  get peer(): RTCPeerConnection | null {
    return this.#link.peer.value;
  }

  start(): void {
    this.#link.start();
  }

  stop(): Promise<void> {
    return this.#link.stop();
  }
}

/** Video sections first, then audio; slot i is the i-th of each, and the server keeps the pair in step. */
function openSlots(peer: RTCPeerConnection, slots: readonly Slot[]): void {
  const places = new Map<RTCRtpTransceiver, Slot>();
  for (const kind of ['video', 'audio'] as const) {
    for (const slot of slots) places.set(peer.addTransceiver(kind, { direction: 'recvonly' }), slot);
  }
  peer.addEventListener('track', ({ track, transceiver }) => {
    const slot = places.get(transceiver);
    if (slot === undefined) return;
    for (const old of slot.stream.getTracks()) {
      if (old.kind === track.kind) slot.stream.removeTrack(old);
    }
    slot.stream.addTrack(track);
  });
}
