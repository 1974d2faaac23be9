import { useEffect, useRef, useState, type RefObject } from 'react';
import { LevelMeter } from '../../client/index.ts';

interface Level {
  readonly ref: RefObject<HTMLDivElement | null>;
  /** `held` while the browser waits for a touch of the page. */
  readonly state: 'measuring' | 'held';
}

/** Keeps `--level` (0 to 1) of the element that gets the ref at the track's loudness, without drawing anything again. */
export function useLevel(track: MediaStreamTrack | null): Level {
  const ref = useRef<HTMLDivElement>(null);
  const [state, setState] = useState<Level['state']>('measuring');
  useEffect(() => {
    if (track === null || typeof AudioContext === 'undefined') return undefined;
    const meter = new LevelMeter(track);
    const stops = [
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
