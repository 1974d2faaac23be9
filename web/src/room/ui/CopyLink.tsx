import { Check, Link2 } from 'lucide-react';
import type { ReactElement } from 'react';
import type { CopyState } from '../hooks/use-copy-link.ts';
import { words } from '../words.ts';

/** A button with words that copies the room's link. */
export function CopyLink({ copy }: { readonly copy: CopyState }): ReactElement {
  return (
    <button type="button" className="button primary" data-control="copy-link" onClick={copy.run}>
      {copy.done ? <Check aria-hidden="true" /> : <Link2 aria-hidden="true" />}
      {copy.done ? words.bar.copied : words.bar.copy}
    </button>
  );
}
