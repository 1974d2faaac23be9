import type { ReactElement } from 'react';
import { navigate } from '../hooks/use-route.ts';
import { words } from '../words.ts';

/** The mark, which leads to the start page. */
export function Brand(): ReactElement {
  return (
    <a
      className="brand"
      href="/"
      aria-label={words.door.elsewhere}
      onClick={(event) => {
        if (event.metaKey || event.ctrlKey || event.shiftKey) return;
        event.preventDefault();
        navigate('/');
      }}
    >
      <svg viewBox="0 0 32 32" aria-hidden="true" focusable="false">
        <circle cx="6" cy="16" r="4" />
        <circle cx="26" cy="6" r="3" />
        <circle cx="26" cy="16" r="3" />
        <circle cx="26" cy="26" r="3" />
        <path d="M10 16h13M13 16c6 0 5-10 10-10M13 16c6 0 5 10 10 10" />
      </svg>
      <span>{words.product}</span>
    </a>
  );
}
