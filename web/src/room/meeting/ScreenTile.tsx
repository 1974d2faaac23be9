import type { ReactElement } from 'react';
import type { Participant, Track } from '../../client/index.ts';
import type { RoomMeeting } from '../visit/room-meeting.ts';
import { words } from '../words.ts';
import { RemotePicture } from './RemotePicture.tsx';
import { TileName } from './TileName.tsx';

interface Props {
  readonly meeting: RoomMeeting;
  readonly participant: Participant;
  readonly track: Track;
}

/** What is read is needed before any face. */
const PRIORITY = 10;

/** Somebody's screen, whole. */
export function ScreenTile({ meeting, participant, track }: Props): ReactElement {
  const label = words.stage.screenOf(participant.name);
  return (
    <figure className="tile tile-screen" data-screen={participant.identity} aria-label={label}>
      <RemotePicture meeting={meeting} track={track} what={label} fit="contain" priority={PRIORITY} />
      <div className="tile-back" />
      <TileName name={label} microphone="on" />
    </figure>
  );
}
