import type { ReactElement } from 'react';
import { Spinner } from './Spinner.tsx';

/** A page that has nothing yet but will soon. */
export function Waiting({ state, text }: { readonly state: string; readonly text: string }): ReactElement {
  return (
    <main className="message-page" data-state={state} aria-busy="true">
      <p className="waiting" role="status">
        <Spinner />
        {text}
      </p>
    </main>
  );
}
