import { Check, Keyboard, Link2 } from 'lucide-react';
import type { ReactElement } from 'react';
import type { CopyState } from '../hooks/use-copy-link.ts';
import type { Theme } from '../hooks/use-theme.ts';
import { IconButton } from '../ui/IconButton.tsx';
import { PlainThemeButton } from '../ui/PlainThemeButton.tsx';
import { words } from '../words.ts';

interface Props {
  readonly room: string;
  readonly copy: CopyState;
  readonly theme: Theme;
  readonly onHelp: () => void;
}

/** Where one is, and what is needed rarely. */
export function TopBar({ room, copy, theme, onHelp }: Props): ReactElement {
  return (
    <header className="meeting-top">
      <h1 title={room} dir="auto">
        {room}
      </h1>
      <button
        type="button"
        className="chip"
        data-control="copy"
        aria-label={words.bar.copy}
        onClick={copy.run}
      >
        {copy.done ? <Check aria-hidden="true" /> : <Link2 aria-hidden="true" />}
        <span>{copy.done ? words.bar.copied : words.bar.copy}</span>
      </button>
      <span className="spacer" />
      <span className="keyboard-only">
        <IconButton id="help" look="plain" label={words.bar.help} shortcut="?" onClick={onHelp}>
          <Keyboard />
        </IconButton>
      </span>
      <PlainThemeButton theme={theme} />
    </header>
  );
}
