import type { ReactElement } from 'react';
import type { Track } from '../../client/index.ts';
import { useShownTrack } from '../hooks/use-shown-track.ts';
import { Spinner } from '../ui/Spinner.tsx';
import type { RoomMeeting } from '../visit/room-meeting.ts';
import { slotWords } from '../words.ts';

interface Props {
  readonly meeting: RoomMeeting;
  readonly track: Track;
  readonly fit: 'cover' | 'contain';
  readonly priority: number;
}

/** Somebody's picture, or in plain words why there is none; what the tile lays over it shows until there is. */
export function RemotePicture({ meeting, track, fit, priority }: Props): ReactElement {
  const { ref, slot, picture } = useShownTrack(meeting, track.id, priority);
  const state = slot?.state ?? 'connecting';
  const visible = picture === 'shown' && !track.muted;
  const reason = visible || track.muted ? '' : slotWords(state);
  return (
    <>
      <video
        className="picture"
        ref={ref}
        data-track={track.id}
        data-slot={state}
        data-picture={visible ? 'shown' : 'blank'}
        data-fit={fit}
        aria-hidden="true"
        muted
        autoPlay
        playsInline
      />
      {reason !== '' && (
        <p className="tile-reason">
          {state !== 'no_mutual_codec' && <Spinner />}
          {reason}
        </p>
      )}
    </>
  );
}
