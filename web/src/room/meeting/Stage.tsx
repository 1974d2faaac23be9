import { useEffect, useState, type CSSProperties, type ReactElement } from 'react';
import type { CopyState } from '../hooks/use-copy-link.ts';
import { useElementSize } from '../hooks/use-element-size.ts';
import { useObservable } from '../hooks/use-observable.ts';
import { arrange } from '../lib/arrangement.ts';
import { screenOf } from '../lib/tracks.ts';
import type { RoomMeeting } from '../visit/room-meeting.ts';
import { Seating } from '../visit/seating.ts';
import type { Visit } from '../visit/visit.ts';
import { words } from '../words.ts';
import { InviteTile } from './InviteTile.tsx';
import { OwnScreen } from './OwnScreen.tsx';
import { OwnTile } from './OwnTile.tsx';
import { PersonTile } from './PersonTile.tsx';
import { ScreenTile } from './ScreenTile.tsx';

interface Props {
  readonly visit: Visit;
  readonly meeting: RoomMeeting;
  readonly copy: CopyState;
  readonly onPeople: () => void;
}

/** Between two tiles, CSS pixels; as in styles/meeting.css. */
const GAP = 8;

/** Everybody's picture, and the shared screen in the big place. */
export function Stage({ visit, meeting, copy, onPeople }: Props): ReactElement {
  const [ref, size] = useElementSize();
  const [seating] = useState(() => new Seating(meeting));
  const others = useObservable(meeting.participants);
  const speakers = useObservable(meeting.speakers);
  const ownScreen = useObservable(visit.screen.state);
  const seats = useObservable(seating.seats);
  const screens = others.flatMap((participant) => {
    const track = screenOf(participant);
    return track === undefined ? [] : [{ participant, track }];
  });
  // The newest screen is the one that people talk about.
  const shown = screens.at(-1);
  const stage = shown !== undefined || ownScreen.kind === 'on' ? 'screen' : 'grid';
  const alone = others.length === 0;
  const extras = 1 + (alone && stage === 'grid' ? 1 : 0) + (seats.more > 0 ? 1 : 0);
  const layout = arrange(stage, seats.seen.length + extras, size, GAP);

  useEffect(() => seating.start(), [seating]);
  // One place is one's own.
  useEffect(() => seating.resize(layout.capacity - 1), [seating, layout.capacity]);

  const style = {
    '--tile-w': `${layout.tileWidth}px`,
    '--tile-h': `${layout.tileHeight}px`,
  } as CSSProperties;
  return (
    <section
      className="stage"
      aria-label={words.stage.label}
      ref={ref}
      data-stage={stage}
      data-strip={layout.strip}
      style={style}
    >
      {stage === 'screen' && (
        <div className="stage-screen">
          {shown !== undefined ? (
            <ScreenTile key={shown.track.id} meeting={meeting} {...shown} />
          ) : (
            ownScreen.kind === 'on' && (
              <OwnScreen track={ownScreen.video} onStop={() => visit.screen.stop()} />
            )
          )}
        </div>
      )}
      <ul className="tiles" data-tiles={seats.seen.length + extras}>
        {seats.seen.map((identity) => {
          const participant = others.find((other) => other.identity === identity);
          return (
            participant !== undefined && (
              <PersonTile key={identity} meeting={meeting} participant={participant} speakers={speakers} />
            )
          );
        })}
        <OwnTile visit={visit} meeting={meeting} />
        {alone && stage === 'grid' && <InviteTile copy={copy} />}
        {seats.more > 0 && (
          <li className="tile tile-more">
            <button type="button" aria-label={words.stage.moreLabel(seats.more)} onClick={onPeople}>
              {words.stage.more(seats.more)}
            </button>
          </li>
        )}
      </ul>
    </section>
  );
}
