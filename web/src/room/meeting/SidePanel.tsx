import { X } from 'lucide-react';
import type { ReactElement } from 'react';
import type { CopyState } from '../hooks/use-copy-link.ts';
import { PHONE, useMediaQuery } from '../hooks/use-media-query.ts';
import { Sheet } from '../ui/Sheet.tsx';
import type { Draft } from '../visit/draft.ts';
import type { Reading } from '../visit/reading.ts';
import type { RoomMeeting } from '../visit/room-meeting.ts';
import { words } from '../words.ts';
import { Chat } from './Chat.tsx';
import type { Opened } from './opened.ts';
import { People } from './People.tsx';

interface Props {
  readonly opened: Opened;
  readonly meeting: RoomMeeting;
  readonly reading: Reading;
  readonly draft: Draft;
  readonly copy: CopyState;
  readonly onClose: () => void;
}

/** Chat or roster: beside the stage on a desktop, a sheet over it on a phone. */
export function SidePanel({ opened, meeting, reading, draft, copy, onClose }: Props): ReactElement | null {
  const phone = useMediaQuery(PHONE);
  if (opened !== 'chat' && opened !== 'people') return null;
  const title = opened === 'chat' ? words.chat.title : words.people.title;
  const body =
    opened === 'chat' ? (
      <Chat meeting={meeting} reading={reading} draft={draft} />
    ) : (
      <People meeting={meeting} copy={copy} />
    );
  if (phone) {
    return (
      <Sheet kind="sheet" id={opened} title={title} onClose={onClose}>
        {body}
      </Sheet>
    );
  }
  return (
    <aside className="side" data-panel={opened} aria-labelledby="side-title">
      <div className="panel-head">
        <h2 className="panel-title" id="side-title">
          {title}
        </h2>
        <button
          type="button"
          className="icon-button"
          data-look="plain"
          aria-label={words.bar.close}
          onClick={onClose}
        >
          <X />
        </button>
      </div>
      {body}
    </aside>
  );
}
