import type { ReactElement } from 'react';
import type { Theme } from '../hooks/use-theme.ts';
import { useObservable } from '../hooks/use-observable.ts';
import type { RoomMeeting } from '../visit/room-meeting.ts';
import type { Visit } from '../visit/visit.ts';
import { leftWords, problemWords } from '../words.ts';
import { Ended } from './Ended.tsx';
import { Joining } from './Joining.tsx';
import { MeetingView } from './MeetingView.tsx';

interface Props {
  readonly visit: Visit;
  readonly meeting: RoomMeeting;
  readonly theme: Theme;
}

/** The meeting from "joining" to its end. */
export function MeetingPage({ visit, meeting, theme }: Props): ReactElement {
  const state = useObservable(meeting.state);
  switch (state.kind) {
    case 'idle':
      return <Joining visit={visit} retry={undefined} />;
    case 'joining':
      return <Joining visit={visit} retry={state.retry} />;
    case 'joined':
    case 'reconnecting':
      return <MeetingView visit={visit} meeting={meeting} state={state} theme={theme} />;
    case 'left': {
      const { title, text } = leftWords(state.reason);
      return <Ended state="left" title={title} text={text} visit={visit} />;
    }
    case 'failed': {
      const { problem } = state;
      return <Ended state="failed" title={problem.title} text={problemWords(problem)} visit={visit} />;
    }
  }
}
