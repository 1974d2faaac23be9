import { Link2, Check } from 'lucide-react';
import type { ReactElement } from 'react';
import type { CopyState } from '../hooks/use-copy-link.ts';
import { useObservable } from '../hooks/use-observable.ts';
import type { RoomMeeting } from '../visit/room-meeting.ts';
import { words } from '../words.ts';
import { Person } from './Person.tsx';

interface Props {
  readonly meeting: RoomMeeting;
  readonly copy: CopyState;
}

/** Everybody in the room, oneself first. */
export function People({ meeting, copy }: Props): ReactElement {
  const self = useObservable(meeting.self);
  const others = useObservable(meeting.participants);
  const { speaking } = useObservable(meeting.speakers);
  return (
    <div className="people">
      <button type="button" className="button quiet" data-control="people-copy" onClick={copy.run}>
        {copy.done ? <Check aria-hidden="true" /> : <Link2 aria-hidden="true" />}
        {copy.done ? words.bar.copied : words.bar.copy}
      </button>
      <ul>
        {self !== null && <Person participant={self} is="self" speaking={speaking.includes(self.identity)} />}
        {others.map((participant) => (
          <Person
            key={participant.identity}
            participant={participant}
            is="other"
            speaking={speaking.includes(participant.identity)}
          />
        ))}
      </ul>
    </div>
  );
}
