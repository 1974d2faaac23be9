import { useEffect, useRef, useState, type RefObject } from 'react';
import { LevelMeter } from '../../client/index.ts';

/** How often the level is told in numbers, ms: a screen reader keeps up with that, and not with a bar. */
const TOLD_MS = 500;

interface Level {
  readonly ref: RefObject<HTMLDivElement | null>;
  /** `held` while the browser waits for a touch of the page. */
  readonly state: 'measuring' | 'held';
}

/**
 * Keeps `--level` (0 to 1) and, now and then, `aria-valuenow` (0 to 100) of the element that gets the ref at the track's
 * loudness, without drawing anything again.
 */
export function useLevel(track: MediaStreamTrack | null): Level {
  const ref = useRef<HTMLDivElement>(null);
  const [state, setState] = useState<Level['state']>('measuring');
  useEffect(() => {
    if (track === null || typeof AudioContext === 'undefined') return undefined;
    const meter = new LevelMeter(track);
    const tell = setInterval(() => {
      ref.current?.setAttribute('aria-valuenow', (100 * meter.level.value).toFixed(0));
    }, TOLD_MS);
    const stops = [
      () => clearInterval(tell),
      meter.level.subscribe((level) => ref.current?.style.setProperty('--level', level.toFixed(2))),
      meter.state.subscribe(setState),
    ];
    return () => {
      for (const stop of stops) stop();
      meter.close();
    };
  }, [track]);
  return { ref, state };
}
