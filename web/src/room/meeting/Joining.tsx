import type { ReactElement } from 'react';
import type { Retry } from '../../client/index.ts';
import { Spinner } from '../ui/Spinner.tsx';
import type { Visit } from '../visit/visit.ts';
import { problemWords, retryWords, words } from '../words.ts';

interface Props {
  readonly visit: Visit;
  /** What the last attempt came to. */
  readonly retry: Retry | undefined;
}

/** Between the door and the room: what is waited for, why it takes so long, and the way back. */
export function Joining({ visit, retry }: Props): ReactElement {
  return (
    <main className="message-page" data-state="joining" aria-busy="true">
      <div role="status">
        <p className="waiting">
          <Spinner />
          {words.joining(visit.room)}
        </p>
        {retry !== undefined && (
          <div className="waiting-why">
            <h1>{retry.problem.title}</h1>
            <p>{problemWords(retry.problem)}</p>
            <p>{retryWords(retry)}</p>
          </div>
        )}
      </div>
      <div className="message-actions">
        <button
          type="button"
          className="button quiet"
          data-control="cancel"
          onClick={() => visit.backToTheDoor()}
        >
          {words.cancel}
        </button>
      </div>
    </main>
  );
}
