import { Provider as TooltipProvider } from '@radix-ui/react-tooltip';
import { useEffect, useMemo, useState, type ReactElement } from 'react';
import type { MeetingState } from '../../client/index.ts';
import { useCopyLink } from '../hooks/use-copy-link.ts';
import { useObservable } from '../hooks/use-observable.ts';
import { useShortcuts } from '../hooks/use-shortcuts.ts';
import type { Theme } from '../hooks/use-theme.ts';
import { preferences } from '../lib/preferences.ts';
import { Draft } from '../visit/draft.ts';
import { Notices } from '../visit/notices.ts';
import { Reading } from '../visit/reading.ts';
import type { RoomMeeting } from '../visit/room-meeting.ts';
import { tellWhatHappens } from '../visit/tell.ts';
import type { Visit } from '../visit/visit.ts';
import { words } from '../words.ts';
import { ControlBar } from './ControlBar.tsx';
import { DevicesDialog } from './DevicesDialog.tsx';
import { HelpDialog } from './HelpDialog.tsx';
import { NoticeList } from './NoticeList.tsx';
import { SidePanel } from './SidePanel.tsx';
import { Stage } from './Stage.tsx';
import { StatusBanner } from './StatusBanner.tsx';
import { TopBar } from './TopBar.tsx';
import type { Opened } from './opened.ts';

interface Props {
  readonly visit: Visit;
  readonly meeting: RoomMeeting;
  readonly state: Extract<MeetingState, { kind: 'joined' | 'reconnecting' }>;
  readonly theme: Theme;
}

/** In the room. */
export function MeetingView({ visit, meeting, state, theme }: Props): ReactElement {
  const [opened, setOpened] = useState<Opened>('nothing');
  const [notices] = useState(() => new Notices());
  const [reading] = useState(() => new Reading(meeting));
  const [draft] = useState(() => new Draft(meeting));
  const copy = useCopyLink(visit.room);
  const { shortcuts } = useObservable(preferences);
  useEffect(() => tellWhatHappens(notices, visit, meeting, reading), [notices, visit, meeting, reading]);

  const keys = useMemo(() => {
    const shut = (): void => {
      // What was opened by a button gives the focus back to it.
      document.querySelector<HTMLElement>(`[data-control="${opened}"]`)?.focus();
      setOpened('nothing');
    };
    const toggle = (what: Opened) => () => (opened === what ? shut() : setOpened(what));
    return {
      m: () => visit.own.toggleMicrophone(),
      v: () => visit.own.toggleCamera(),
      s: () => visit.toggleScreen(),
      c: toggle('chat'),
      p: toggle('people'),
      d: toggle('devices'),
      l: copy.run,
      '?': toggle('help'),
      Escape: shut,
    };
  }, [visit, copy.run, opened]);
  useShortcuts(keys, shortcuts);

  const shut = keys.Escape;
  return (
    <TooltipProvider delayDuration={400}>
      <main className="meeting" data-state="room" data-media={mediaOf(state)} data-opened={opened}>
        <TopBar room={visit.room} copy={copy} theme={theme} onHelp={keys['?']} />
        <StatusBanner meeting={meeting} state={state} />
        <Stage visit={visit} meeting={meeting} copy={copy} onPeople={() => setOpened('people')} />
        <SidePanel
          opened={opened}
          meeting={meeting}
          reading={reading}
          draft={draft}
          copy={copy}
          onClose={shut}
        />
        <ControlBar visit={visit} meeting={meeting} reading={reading} opened={opened} keys={keys} />
        <NoticeList notices={notices} />
        <p className="for-ears" role="status">
          {copy.done ? words.bar.copied : ''}
        </p>
      </main>
      {opened === 'devices' && <DevicesDialog visit={visit} onClose={shut} />}
      {opened === 'help' && <HelpDialog onClose={shut} />}
    </TooltipProvider>
  );
}

function mediaOf(state: Props['state']): string {
  return state.kind === 'joined' ? state.media : `reconnecting-${state.media}`;
}
