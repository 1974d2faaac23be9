import { useCallback, useEffect, useState } from 'react';
import { Observable, type ShownTrack, type Slot } from '../../client/index.ts';
import type { RoomMeeting } from '../visit/room-meeting.ts';
import { useObservable } from './use-observable.ts';

const NO_SLOT = new Observable<Slot | null>(null);
const NO_PICTURE = new Observable<'blank' | 'shown'>('blank');

interface Shown {
  readonly ref: (element: HTMLVideoElement | null) => (() => void) | undefined;
  readonly slot: Slot | null;
  readonly picture: 'blank' | 'shown';
}

/** Shows a remote track in the video element that gets the ref, for as long as both are there. */
export function useShownTrack(meeting: RoomMeeting, trackId: string, priority: number): Shown {
  const [shown, setShown] = useState<ShownTrack | null>(null);
  const ref = useCallback(
    (element: HTMLVideoElement | null) => {
      if (element === null) return undefined;
      const next = meeting.show(element, trackId);
      setShown(next);
      const onResize = (): void => {
        element.dataset['shape'] = element.videoHeight > element.videoWidth ? 'upright' : 'wide';
      };
      element.addEventListener('resize', onResize);
      return () => {
        element.removeEventListener('resize', onResize);
        setShown(null);
        next.release();
      };
    },
    [meeting, trackId],
  );
  useEffect(() => shown?.update({ priority }), [shown, priority]);
  return {
    ref,
    slot: useObservable(shown?.slot ?? NO_SLOT),
    picture: useObservable(shown?.picture ?? NO_PICTURE),
  };
}
