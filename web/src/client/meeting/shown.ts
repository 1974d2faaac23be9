import { Observable, type Unsubscribe } from '../observable.ts';
import type { Slot } from '../wire.ts';
import type { Place } from './receivers.ts';
import type { ShownTrack } from './types.ts';

/** A frame that arrived this much before the server's word was still ordered by it, ms: media may overtake the socket. */
const OVERTAKING_MS = 20;
/**
 * After this time of a live slot the element shows the slot's track, ms: for browsers without frame callbacks, and for
 * still pictures whose one frame came early. Longer than a jitter buffer holds the frames of before.
 */
const SURELY_MS = 500;

export interface ShownListener {
  updated(): void;
  released(shown: Shown): void;
}

/** One element and the remote track it is to show. */
export class Shown implements ShownTrack {
  readonly slot = new Observable<Slot | null>(null);
  readonly picture = new Observable<'blank' | 'shown'>('blank');
  readonly track: string;
  priority: number;
  /** Device pixels; 0: out of sight. */
  height = 0;
  readonly #element: HTMLVideoElement;
  readonly #listener: ShownListener;
  #place: Place | null = null;
  /** Since when the server gives the slot to this track, ms; null until it said so. */
  #orderedAtMs: number | null = null;
  #unwatch: Unsubscribe | null = null;

  constructor(element: HTMLVideoElement, track: string, priority: number, listener: ShownListener) {
    this.#element = element;
    this.track = track;
    this.priority = priority;
    this.#listener = listener;
    element.muted = true;
    element.playsInline = true;
    element.autoplay = true;
  }

  update({ priority }: { readonly priority: number }): void {
    if (priority === this.priority) return;
    this.priority = priority;
    this.#listener.updated();
  }

  release(): void {
    this.put(null);
    this.#listener.released(this);
  }

  /** Binds the element to a slot, or takes it off. */
  put(place: Place | null): void {
    if (this.#place?.stream === place?.stream) return;
    if (this.#element.srcObject === this.#place?.stream) this.#element.srcObject = null;
    this.#place = place;
    this.#orderedAtMs = null;
    this.#blank();
    if (place === null) {
      this.slot.set(null);
      return;
    }
    this.#element.srcObject = place.stream;
    // Muted video may always play; a call that a newer one interrupts is no fault.
    void this.#element.play().catch(() => undefined);
  }

  /** The server took over the layout that gave this track its slot. */
  ordered(atMs: number): void {
    if (this.#place === null) return;
    this.#orderedAtMs ??= atMs;
    this.#look();
  }

  /** What the server says of all slots. */
  status(slots: readonly Slot[]): void {
    const slot = slots.find(({ mid, track }) => mid === this.#place?.mid && track === this.track) ?? null;
    if (slot !== this.slot.value) this.slot.set(slot);
    // What stands still would look like a fault; of what comes back the next frame tells.
    if (slot?.state === 'paused') this.#blank();
    this.#look();
  }

  /** Waits for a frame as soon as one of this track can come. */
  #look(): void {
    const orderedAtMs = this.#orderedAtMs;
    if (orderedAtMs === null || this.slot.value?.state !== 'live') return;
    if (this.picture.value === 'shown' || this.#unwatch !== null) return;
    const show = (): void => {
      this.#unwatch?.();
      this.#unwatch = null;
      this.picture.set('shown');
    };
    const unwatch = watchFrames(this.#element, (receivedAtMs) => {
      if (receivedAtMs >= orderedAtMs - OVERTAKING_MS) show();
    });
    const timer = setTimeout(show, SURELY_MS);
    this.#unwatch = () => {
      clearTimeout(timer);
      unwatch();
    };
  }

  #blank(): void {
    this.#unwatch?.();
    this.#unwatch = null;
    if (this.picture.value !== 'blank') this.picture.set('blank');
  }
}

/** Calls `onFrame` for each frame with the time that its last packet came, where the browser knows it. */
function watchFrames(element: HTMLVideoElement, onFrame: (receivedAtMs: number) => void): Unsubscribe {
  // Absent, against its type, in browsers of 2024 and before.
  if (!('requestVideoFrameCallback' in element)) return () => undefined;
  let active: 'yes' | 'no' = 'yes';
  const next = (): number =>
    element.requestVideoFrameCallback((_now, { receiveTime }) => {
      if (active === 'no') return;
      handle = next();
      if (receiveTime !== undefined) onFrame(receiveTime);
    });
  let handle = next();
  return () => {
    active = 'no';
    element.cancelVideoFrameCallback(handle);
  };
}
