import { X } from 'lucide-react';
import type { ReactElement } from 'react';
import { useObservable } from '../hooks/use-observable.ts';
import type { Notices } from '../visit/notices.ts';
import { words } from '../words.ts';

/** What was just told, for eyes and, politely, for screen readers. */
export function NoticeList({ notices }: { readonly notices: Notices }): ReactElement {
  const list = useObservable(notices.list);
  return (
    <div className="notices" role="log" aria-live="polite" aria-relevant="additions">
      {list.map(({ id, tone, text }) => (
        <p key={id} className="notice" data-tone={tone}>
          <span dir="auto">{text}</span>
          <button
            type="button"
            className="icon-button"
            data-look="plain"
            aria-label={words.dismiss}
            onClick={() => notices.dismiss(id)}
          >
            <X />
          </button>
        </p>
      ))}
    </div>
  );
}
