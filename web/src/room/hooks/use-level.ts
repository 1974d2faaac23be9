import { useEffect, useRef, type RefObject } from 'react';
import { LevelMeter } from '../../client/index.ts';

/** Keeps `--level` (0 to 1) of the element that gets the ref at the track's loudness, without drawing anything again. */
export function useLevel(track: MediaStreamTrack | null): RefObject<HTMLElement | null> {
  const element = useRef<HTMLElement>(null);
  useEffect(() => {
    if (track === null || typeof AudioContext === 'undefined') return undefined;
    const meter = new LevelMeter(track);
    const stop = meter.level.subscribe((level) => {
      element.current?.style.setProperty('--level', level.toFixed(2));
    });
    return () => {
      stop();
      meter.close();
    };
  }, [track]);
  return element;
}
