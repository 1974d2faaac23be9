import { useEffect, useState, type ReactElement } from 'react';
import { Meeting, type Support } from '../client/index.ts';
import type { Theme } from './hooks/use-theme.ts';
import { useTitle } from './hooks/use-title.ts';
import { readOptions } from './lib/options.ts';
import { passFor } from './lib/pass.ts';
import { preferences } from './lib/preferences.ts';
import type { MeetingFactory } from './visit/room-meeting.ts';
import { Visit } from './visit/visit.ts';
import { VisitView } from './VisitView.tsx';
import { words } from './words.ts';

interface Props {
  readonly room: string;
  readonly support: Support;
  readonly theme: Theme;
  readonly createMeeting?: MeetingFactory;
}

const realMeeting: MeetingFactory = (options) => new Meeting(options);

/** A visit to one room: the door, the meeting, and what comes after. */
export default function RoomPage({ room, support, theme, createMeeting = realMeeting }: Props): ReactElement {
  const [visit] = useState(
    () =>
      new Visit(room, {
        createMeeting,
        options: readOptions(new URLSearchParams(location.search)),
        token: passFor(room, window),
      }),
  );
  useTitle(`${room} · ${words.product}`);
  useEffect(() => {
    const opened = visit.open();
    const { join, name } = visit.options;
    let here = true;
    if (join === 'at_once') {
      void opened.then(() => {
        if (here) visit.join(name ?? (preferences.value.name || words.door.guest));
      });
    }
    return () => {
      here = false;
      visit.close();
    };
  }, [visit]);
  return <VisitView visit={visit} support={support} theme={theme} />;
}
