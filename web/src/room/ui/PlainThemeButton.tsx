import { Moon, Sun } from 'lucide-react';
import type { ReactElement } from 'react';
import type { Theme } from '../hooks/use-theme.ts';
import { words } from '../words.ts';

/** The switch between light and dark, with no more than the browser's own tooltip: the start page stays small. */
export function PlainThemeButton({ theme }: { readonly theme: Theme }): ReactElement {
  const dark = theme.shown === 'dark';
  const label = dark ? words.bar.light : words.bar.dark;
  return (
    <button
      type="button"
      className="icon-button"
      data-look="plain"
      data-control="theme"
      aria-label={label}
      title={label}
      onClick={theme.toggle}
    >
      {dark ? <Sun /> : <Moon />}
    </button>
  );
}
