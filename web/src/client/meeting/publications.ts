import type { Unsubscribe } from '../observable.ts';
import type { TrackSource } from '../wire.ts';

export const SOURCES: readonly TrackSource[] = ['microphone', 'camera', 'screen', 'screen_audio'];

export interface Publication {
  readonly track: MediaStreamTrack | null;
  /** As its owner wants it; without a track it is muted for the others anyway. */
  readonly muted: boolean;
}

const NOTHING: Publication = { track: null, muted: false };

/** What one wants to publish, whether or not there is a connection to publish it over. */
export class Publications {
  readonly #bySource = new Map<TrackSource, Publication>();
  readonly #unwatch = new Map<TrackSource, Unsubscribe>();
  readonly #onEnded: (source: TrackSource) => void;

  /** `onEnded` hears of a device that was pulled, or of a share that the browser's own bar ended. */
  constructor(onEnded: (source: TrackSource) => void) {
    this.#onEnded = onEnded;
  }

  get(source: TrackSource): Publication {
    return this.#bySource.get(source) ?? NOTHING;
  }

  /** Whether the others are to take it for muted. */
  silent(source: TrackSource): boolean {
    const { track, muted } = this.get(source);
    return muted || track === null || track.readyState === 'ended';
  }

  setTrack(source: TrackSource, track: MediaStreamTrack | null): void {
    const { muted } = this.get(source);
    this.#unwatch.get(source)?.();
    this.#unwatch.delete(source);
    this.#bySource.set(source, { track, muted });
    if (track === null) return;
    track.enabled = !muted;
    if (source === 'screen' && track.contentHint === '') track.contentHint = 'detail';
    const onEnded = (): void => this.#onEnded(source);
    track.addEventListener('ended', onEnded);
    this.#unwatch.set(source, () => track.removeEventListener('ended', onEnded));
  }

  setMuted(source: TrackSource, muted: boolean): void {
    const { track } = this.get(source);
    this.#bySource.set(source, { track, muted });
    if (track !== null) track.enabled = !muted;
  }
}
