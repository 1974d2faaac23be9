import { useCallback, useEffect, useState } from 'react';
import { roomLink } from '../lib/route.ts';

/** How long "copied" stays, ms. */
const SAID_MS = 2500;

export interface CopyState {
  readonly link: string;
  readonly done: boolean;
  readonly run: () => void;
}

/** Copies a room's link; where the browser forbids that, a prompt shows it for copying by hand. */
export function useCopyLink(room: string): CopyState {
  const [done, setDone] = useState(false);
  const link = roomLink(room, location.origin);
  useEffect(() => {
    if (!done) return undefined;
    const timer = setTimeout(() => setDone(false), SAID_MS);
    return () => clearTimeout(timer);
  }, [done]);
  const run = useCallback(() => {
    void copy(link).then((copied) => {
      if (copied) setDone(true);
      else prompt('', link);
    });
  }, [link]);
  return { link, done, run };
}

async function copy(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    // Absent, against its type, where the page is not secure.
    return false;
  }
}
