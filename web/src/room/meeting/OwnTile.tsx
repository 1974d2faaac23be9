import type { ReactElement } from 'react';
import { useObservable } from '../hooks/use-observable.ts';
import { LocalVideo } from '../ui/LocalVideo.tsx';
import type { RoomMeeting } from '../visit/room-meeting.ts';
import type { Visit } from '../visit/visit.ts';
import { tileLabel, words } from '../words.ts';
import { Avatar } from './Avatar.tsx';
import { TileName } from './TileName.tsx';

interface Props {
  readonly visit: Visit;
  readonly meeting: RoomMeeting;
}

/** Oneself, mirrored, straight from the camera. */
export function OwnTile({ visit, meeting }: Props): ReactElement | null {
  const self = useObservable(meeting.self);
  const camera = useObservable(visit.camera.state);
  const microphone = useObservable(visit.microphone.state);
  const muted = useObservable(visit.microphoneMuted);
  const { speaking } = useObservable(meeting.speakers);
  if (self === null) return null;
  const { identity, name } = self;
  const heard = microphone.kind === 'on' && !muted;
  const talking = heard && speaking.includes(identity);
  return (
    <li
      className="tile"
      data-own="true"
      data-identity={identity}
      data-speaking={talking}
      data-camera={camera.kind === 'on' ? 'on' : 'off'}
      data-microphone={heard ? 'on' : 'off'}
      aria-label={tileLabel(words.stage.you(name), [
        !heard && words.stage.muted,
        camera.kind !== 'on' && words.stage.cameraOff,
        talking && words.stage.speaking,
      ])}
    >
      {camera.kind === 'on' ? (
        <LocalVideo track={camera.track} look="mirror" label={words.stage.you(name)} />
      ) : (
        <div className="tile-back">
          <Avatar identity={identity} name={name} />
        </div>
      )}
      <TileName name={words.stage.you(name)} microphone={heard ? 'on' : 'off'} />
    </li>
  );
}
