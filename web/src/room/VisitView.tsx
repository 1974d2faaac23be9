import type { ReactElement } from 'react';
import type { Support } from '../client/index.ts';
import { useObservable } from './hooks/use-observable.ts';
import type { Theme } from './hooks/use-theme.ts';
import { MeetingPage } from './meeting/MeetingPage.tsx';
import { Prejoin } from './prejoin/Prejoin.tsx';
import type { Visit } from './visit/visit.ts';
import './styles/prejoin.css';
import './styles/meeting.css';
import './styles/tile.css';
import './styles/panel.css';

interface Props {
  readonly visit: Visit;
  readonly support: Support;
  readonly theme: Theme;
}

/** The door until one joins, then the meeting. */
export function VisitView({ visit, support, theme }: Props): ReactElement {
  const meeting = useObservable(visit.meeting);
  if (meeting === null) return <Prejoin visit={visit} support={support} theme={theme} />;
  return <MeetingPage visit={visit} meeting={meeting} theme={theme} />;
}
