import type { ReactElement } from 'react';
import type { CopyState } from '../hooks/use-copy-link.ts';
import { CopyLink } from '../ui/CopyLink.tsx';
import { words } from '../words.ts';

/** What stands where the others will be. */
export function InviteTile({ copy }: { readonly copy: CopyState }): ReactElement {
  return (
    <li className="tile tile-invite" data-alone="true">
      <h2>{words.alone.title}</h2>
      <p>{words.alone.text}</p>
      <p className="invite-link">{copy.link.replace(/^https?:\/\//, '')}</p>
      <CopyLink copy={copy} />
    </li>
  );
}
