import type { Unsubscribe } from '../observable.ts';
import type { LayoutSlot, Slot } from '../wire.ts';
import { assign, NOTHING_SHOWN, type Assignment, type Wanted } from './layout.ts';
import type { Place } from './receivers.ts';
import { waitsForSocket } from './request-error.ts';
import { Shown } from './shown.ts';
import type { Sizes } from './sizes.ts';
import type { ShownTrack } from './types.ts';

/** How long a layout that wants less may wait for more changes, ms; one that wants more goes at once. */
export const SHRINK_MS = 150;
/** How long after a layout that was refused or not answered it is told once more, ms. */
export const REPEAT_MS = 1_000;
/** A wire's priority, at most. */
const PRIORITY_MAX = 255;

export interface StageHost {
  /** Settles when the server took the layout over. */
  layout(slots: readonly LayoutSlot[]): Promise<unknown>;
  /** Asks for so many slots. */
  grow(slots: number): void;
  now(): number;
}

/** Everything that is to be seen: elements on one side, slots on the other, and the layout that joins them. */
export class Stage {
  readonly #host: StageHost;
  readonly #sizes: Sizes;
  readonly #shown = new Map<Shown, Unsubscribe>();
  #places: readonly Place[] = [];
  #status: readonly Slot[] = [];
  #assigned: Pick<Assignment, 'byTrack' | 'lastShown'> = NOTHING_SHOWN;
  #layout: readonly LayoutSlot[] = [];
  /** The layout that the server has, as text; null if nobody knows. */
  #known: string | null = null;
  /** When the server took over what is known, ms. */
  #takenAtMs: number | null = null;
  #sending: 'yes' | 'no' = 'no';
  /** The layout that failed, as text: it has one more try. */
  #failed: string | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #dueAtMs = Infinity;

  constructor(host: StageHost, sizes: Sizes) {
    this.#host = host;
    this.#sizes = sizes;
  }

  show(element: HTMLVideoElement, track: string, priority: number): ShownTrack {
    const shown = new Shown(element, track, clampPriority(priority), {
      updated: () => {
        shown.priority = clampPriority(shown.priority);
        this.#schedule(0);
      },
      released: () => {
        this.#shown.get(shown)?.();
        if (this.#shown.delete(shown)) this.#schedule(SHRINK_MS);
      },
    });
    this.#shown.set(shown, () => undefined);
    const unwatch = this.#sizes.watch(element, (height) => {
      const grows = height > shown.height;
      shown.height = height;
      this.#schedule(grows ? 0 : SHRINK_MS);
    });
    this.#shown.set(shown, unwatch);
    this.#schedule(0);
    return shown;
  }

  /** The slots there are, after an answer; none when the connection is gone. */
  setPlaces(places: readonly Place[]): void {
    const known = new Set(this.#places.map(({ stream }) => stream));
    if (!places.some(({ stream }) => known.has(stream))) {
      // Another connection: nothing that was said of the one before holds.
      this.#known = null;
      this.#assigned = NOTHING_SHOWN;
    }
    this.#places = places;
    this.#schedule(0);
    if (places.length === 0) this.#flush();
  }

  /** What the server says of every slot. */
  setStatus(slots: readonly Slot[]): void {
    this.#status = slots;
    for (const shown of this.#shown.keys()) shown.status(slots);
  }

  /** The server may have forgotten the layout: tells it once more. */
  resend(): void {
    this.#known = null;
    this.#schedule(0);
  }

  #schedule(delayMs: number): void {
    const dueAtMs = this.#host.now() + delayMs;
    if (dueAtMs >= this.#dueAtMs) return;
    clearTimeout(this.#timer);
    this.#dueAtMs = dueAtMs;
    this.#timer = setTimeout(() => this.#flush(), delayMs);
  }

  #flush(): void {
    clearTimeout(this.#timer);
    this.#dueAtMs = Infinity;
    const wanted = merge(this.#shown.keys());
    const mids = this.#places.map(({ mid }) => mid);
    const assigned = assign(wanted, mids, this.#assigned);
    const { slots, byTrack, missing } = assigned;
    this.#assigned = assigned;
    this.#layout = slots;
    for (const shown of this.#shown.keys()) {
      const mid = byTrack.get(shown.track);
      shown.put(this.#places.find((place) => place.mid === mid) ?? null);
      shown.status(this.#status);
    }
    if (missing > 0 && mids.length > 0) this.#host.grow(mids.length + missing);
    void this.#send();
  }

  async #send(): Promise<void> {
    if (this.#sending === 'yes' || this.#places.length === 0) return;
    this.#sending = 'yes';
    for (let text = this.#news(); text !== null; text = this.#news()) {
      this.#known = text;
      this.#takenAtMs = null;
      try {
        await this.#host.layout(this.#layout);
        this.#takenAtMs = this.#host.now();
        this.#failed = null;
      } catch (error) {
        this.#known = null;
        if (this.#afterFailure(error, text) === 'pause') break;
      }
    }
    this.#sending = 'no';
    if (this.#takenAtMs === null) return;
    for (const shown of this.#shown.keys()) shown.ordered(this.#takenAtMs);
  }

  /** Unsent, whatever brings the socket or the slots back sends it again; else one more try must do. */
  #afterFailure(error: unknown, text: string): 'pause' | 'go_on' {
    if (waitsForSocket(error)) return 'pause';
    if (JSON.stringify(this.#layout) !== text) return 'go_on';
    if (this.#failed !== text) this.#schedule(REPEAT_MS);
    this.#failed = text;
    return 'pause';
  }

  /** What is to be said, as text; null if the server knows. */
  #news(): string | null {
    const text = JSON.stringify(this.#layout);
    return text === this.#known ? null : text;
  }
}

/** A track in several elements is wanted once, as high as the tallest. */
function merge(all: Iterable<Shown>): Wanted[] {
  const wanted = new Map<string, Wanted>();
  for (const { track, height, priority } of all) {
    const before = wanted.get(track);
    wanted.set(track, {
      track,
      height: Math.max(height, before?.height ?? 0),
      priority: Math.max(priority, before?.priority ?? 0),
    });
  }
  return [...wanted.values()];
}

function clampPriority(priority: number): number {
  return Math.min(PRIORITY_MAX, Math.max(0, Math.round(priority)));
}
