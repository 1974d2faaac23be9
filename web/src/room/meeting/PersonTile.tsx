import { WifiOff } from 'lucide-react';
import type { ReactElement } from 'react';
import type { Participant, Speakers } from '../../client/index.ts';
import { cameraOf, microphoneOf } from '../lib/tracks.ts';
import type { RoomMeeting } from '../visit/room-meeting.ts';
import { tileLabel, words } from '../words.ts';
import { Avatar } from './Avatar.tsx';
import { RemotePicture } from './RemotePicture.tsx';
import { TileName } from './TileName.tsx';

interface Props {
  readonly meeting: RoomMeeting;
  readonly participant: Participant;
  readonly speakers: Speakers;
}

/** Who has the floor gets the better picture when not everybody can. */
const PRIORITY = { floor: 3, speaking: 2, silent: 1 };

/** Somebody else. */
export function PersonTile({ meeting, participant, speakers }: Props): ReactElement {
  const { identity, name, presence, via } = participant;
  const camera = cameraOf(participant);
  const microphone = microphoneOf(participant);
  const speaking = speakers.speaking.includes(identity);
  const floor = speakers.dominant === identity;
  const muted = microphone?.muted !== false;
  const off = camera?.muted !== false;
  return (
    <li
      className="tile"
      data-identity={identity}
      data-speaking={speaking}
      data-floor={floor}
      data-camera={off ? 'off' : 'on'}
      data-microphone={muted ? 'off' : 'on'}
      data-presence={presence}
      aria-label={tileLabel(name, [
        muted && words.stage.muted,
        off && words.stage.cameraOff,
        speaking && words.stage.speaking,
        presence === 'unstable' && words.stage.unstable,
      ])}
    >
      {camera !== undefined && (
        <RemotePicture
          meeting={meeting}
          track={camera}
          what={words.stage.pictureOf(name)}
          fit="cover"
          priority={floor ? PRIORITY.floor : speaking ? PRIORITY.speaking : PRIORITY.silent}
        />
      )}
      <div className="tile-back">
        <Avatar identity={identity} name={name} />
      </div>
      {presence === 'unstable' && (
        <span className="tile-flag">
          <WifiOff aria-hidden="true" />
          {words.stage.unstable}
        </span>
      )}
      <TileName
        name={name}
        microphone={muted ? 'off' : 'on'}
        note={via === 'whip' ? words.stage.stream : ''}
      />
    </li>
  );
}
