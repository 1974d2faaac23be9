import { RotateCcw, TicketX } from 'lucide-react';
import { useEffect, useRef, useState, type ReactElement } from 'react';
import { exchangeInvite, problemFromError, type Admission, type ProblemError } from '../../client/index.ts';
import { navigate, replace } from '../hooks/use-route.ts';
import { useTitle } from '../hooks/use-title.ts';
import { keepPass } from '../lib/pass.ts';
import { roomPath } from '../lib/route.ts';
import { Waiting } from '../ui/Waiting.tsx';
import { words } from '../words.ts';
import '../styles/prejoin.css';
import '../styles/meeting.css';

interface Props {
  readonly code: string;
  readonly exchange?: (code: string) => Promise<Admission>;
}

const atServer = (code: string): Promise<Admission> => exchangeInvite(code, new URL(location.origin));

/** Turns an invitation into a way in, once; or says why it is none, and what to do. */
export default function InvitePage({ code, exchange = atServer }: Props): ReactElement {
  const [fault, setFault] = useState<ProblemError | null>(null);
  const [attempt, setAttempt] = useState(0);
  const heading = useRef<HTMLHeadingElement>(null);
  /** The attempt that was made last: each is one use, however often the effect runs. */
  const made = useRef(-1);
  useTitle(`${words.invite.opening} · ${words.product}`);
  useEffect(() => {
    if (made.current === attempt) return;
    made.current = attempt;
    exchange(code).then(
      ({ room, token }) => {
        keepPass(room, token, window);
        replace(roomPath(room));
      },
      (error: unknown) => setFault(problemFromError(error)),
    );
  }, [code, exchange, attempt]);
  useEffect(() => heading.current?.focus(), [fault]);

  if (fault === null) return <Waiting state="loading" text={words.invite.opening} />;
  const again = (): void => {
    setFault(null);
    setAttempt(attempt + 1);
  };
  return (
    <main className="message-page" data-state="uninvited">
      <TicketX className="message-icon" aria-hidden="true" />
      <h1 ref={heading} tabIndex={-1}>
        {fault.problem.title}
      </h1>
      <p>{fault.outlook === 'permanent' ? words.invite.ask : fault.problem.detail}</p>
      <div className="message-actions">
        {fault.outlook === 'temporary' && (
          <button type="button" className="button primary" data-control="retry" onClick={again}>
            <RotateCcw aria-hidden="true" />
            {words.door.retry}
          </button>
        )}
        <button type="button" className="button quiet" onClick={() => navigate('/')}>
          {words.left.home}
        </button>
      </div>
    </main>
  );
}
