import { CirclePause } from 'lucide-react';
import type { ReactElement } from 'react';
import type { Track } from '../../client/index.ts';
import { useShownTrack } from '../hooks/use-shown-track.ts';
import { Spinner } from '../ui/Spinner.tsx';
import type { RoomMeeting } from '../visit/room-meeting.ts';
import { slotWords } from '../words.ts';
import { SeenButton } from './SeenButton.tsx';

interface Props {
  readonly meeting: RoomMeeting;
  readonly track: Track;
  /** Whose picture or screen. */
  readonly what: string;
  readonly fit: 'cover' | 'contain';
  readonly priority: number;
}

/** Somebody's picture, or in plain words why there is none; what the tile lays over it shows until there is. */
export function RemotePicture({ meeting, track, what, fit, priority }: Props): ReactElement {
  const { ref, slot, picture } = useShownTrack(meeting, track.id, priority);
  const state = slot?.state ?? 'connecting';
  const visible = picture === 'shown' && !track.muted;
  const [reason, why] =
    visible || track.muted ? ['', ''] : slotWords({ state, limitedBy: slot?.limitedBy ?? null });
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
          {state === 'paused' ? (
            <CirclePause aria-hidden="true" />
          ) : (
            state !== 'no_mutual_codec' && <Spinner />
          )}
          <span>
            {reason}
            {why !== '' && <span className="tile-why">: {why}</span>}
          </span>
        </p>
      )}
      {slot !== null && !track.muted && (
        <SeenButton meeting={meeting} slot={slot} what={what} picture={visible ? 'shown' : 'blank'} />
      )}
    </>
  );
}
