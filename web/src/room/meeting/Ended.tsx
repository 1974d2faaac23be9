import { DoorOpen, RotateCcw, TriangleAlert } from 'lucide-react';
import { useEffect, useRef, type ReactElement } from 'react';
import { navigate } from '../hooks/use-route.ts';
import type { Visit } from '../visit/visit.ts';
import { words } from '../words.ts';

interface Props {
  readonly state: 'left' | 'failed';
  readonly title: string;
  readonly text: string;
  readonly visit: Visit;
}

/** Why one is no longer in the room, or never came in, and the way back. */
export function Ended({ state, title, text, visit }: Props): ReactElement {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => heading.current?.focus(), []);
  return (
    <main className="message-page" data-state={state}>
      {state === 'left' ? (
        <DoorOpen className="message-icon" aria-hidden="true" />
      ) : (
        <TriangleAlert className="message-icon" aria-hidden="true" />
      )}
      {state === 'failed' && (
        <p className="eyebrow">{visit.entered === 'yes' ? words.left.brokeOff : words.left.failed}</p>
      )}
      <h1 ref={heading} tabIndex={-1}>
        {title}
      </h1>
      <p>{text}</p>
      <div className="message-actions">
        <button type="button" className="button primary" data-control="rejoin" onClick={() => visit.rejoin()}>
          <RotateCcw aria-hidden="true" />
          {words.left.rejoin}
        </button>
        <button type="button" className="button quiet" onClick={() => navigate('/')}>
          {words.left.home}
        </button>
      </div>
    </main>
  );
}
