import { MonitorX } from 'lucide-react';
import type { ReactElement } from 'react';
import type { Support } from '../../client/index.ts';
import { useTitle } from '../hooks/use-title.ts';
import { words } from '../words.ts';

interface Props {
  readonly support: Extract<Support, { kind: 'none' }>;
}

/** What a browser sees that cannot take part at all. */
export function Unsupported({ support }: Props): ReactElement {
  useTitle(words.product);
  return (
    <main className="message-page" data-state="unsupported">
      <MonitorX className="message-icon" aria-hidden="true" />
      <h1>{support.title}</h1>
      <p>{support.cure}</p>
    </main>
  );
}
