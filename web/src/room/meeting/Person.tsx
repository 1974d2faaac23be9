import { Mic, MicOff, MonitorUp, Video, VideoOff, WifiOff } from 'lucide-react';
import type { ReactElement } from 'react';
import type { Participant } from '../../client/index.ts';
import { cameraOf, microphoneOf, screenOf } from '../lib/tracks.ts';
import { Avatar } from './Avatar.tsx';
import { words } from '../words.ts';

interface Props {
  readonly participant: Participant;
  readonly is: 'self' | 'other';
  readonly speaking: boolean;
}

/** One line of the roster. */
export function Person({ participant, is, speaking }: Props): ReactElement {
  const { identity, name, presence, via } = participant;
  const heard = microphoneOf(participant)?.muted === false;
  const seen = cameraOf(participant)?.muted === false;
  const { stage, people } = words;
  return (
    <li className="person" data-identity={identity} data-speaking={speaking} data-presence={presence}>
      <Avatar identity={identity} name={name} />
      <span className="person-name">
        <bdi>{name}</bdi>
        {is === 'self' && <small>{people.you}</small>}
        {via === 'whip' && <small>{people.stream}</small>}
      </span>
      {speaking && <span className="for-ears">{stage.speaking}</span>}
      {presence === 'unstable' && <WifiOff aria-label={stage.unstable} />}
      {screenOf(participant) !== undefined && <MonitorUp aria-label={people.sharing} />}
      {heard ? <Mic aria-hidden="true" data-on="true" /> : <MicOff aria-label={stage.muted} />}
      {seen ? <Video aria-hidden="true" data-on="true" /> : <VideoOff aria-label={stage.cameraOff} />}
    </li>
  );
}
