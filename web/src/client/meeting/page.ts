import type { Unsubscribe } from '../observable.ts';
import type { Surroundings } from './surroundings.ts';

/** A `pagehide` this soon after a reload was asked for is that reload, ms; a later one is a person who goes. */
const RELOAD_MS_MAX = 5_000;

export interface PageListener {
  /** The page ends: for a reload, which comes back in a moment, or for good. */
  ends(how: 'reload' | 'gone'): void;
  /** The network is back after it was gone; `maybe`: it went, or is another. */
  network(back: 'back' | 'maybe'): void;
  /** A person looks at the page again, perhaps after a sleep. */
  shown(): void;
}

/** As much of the Navigation API as tells a reload from a goodbye; not in every browser. */
interface Navigation extends EventTarget {
  addEventListener(
    type: 'navigate',
    listener: (event: Event & { navigationType?: string }) => void,
    options: { signal: AbortSignal },
  ): void;
}

/** Hears what happens to the page and its network. */
export function listenToPage(surroundings: Surroundings, listener: PageListener): Unsubscribe {
  const { page, document } = surroundings;
  const stop = new AbortController();
  const { signal } = stop;
  let reloadAtMs = -Infinity;
  navigationOf(page)?.addEventListener(
    'navigate',
    (event) => {
      if (event.navigationType === 'reload') reloadAtMs = surroundings.now();
    },
    { signal },
  );
  page.addEventListener(
    'pagehide',
    (event) => {
      // Frozen whole, it may come back as it was.
      if ('persisted' in event && event.persisted === true) return;
      listener.ends(surroundings.now() - reloadAtMs < RELOAD_MS_MAX ? 'reload' : 'gone');
    },
    { signal },
  );
  page.addEventListener('online', () => listener.network('back'), { signal });
  page.addEventListener('offline', () => listener.network('maybe'), { signal });
  connectionOf(page)?.addEventListener('change', () => listener.network('maybe'), { signal });
  const onVisible = (): void => {
    if (document.visibilityState === 'visible') listener.shown();
  };
  document.addEventListener('visibilitychange', onVisible, { signal });
  page.addEventListener('pageshow', onVisible, { signal });
  return () => stop.abort();
}

function navigationOf(page: EventTarget): Navigation | undefined {
  return 'navigation' in page ? (page.navigation as Navigation) : undefined;
}

/** The Network Information API; Chromium has it. */
function connectionOf(page: EventTarget): EventTarget | undefined {
  if (!('navigator' in page)) return undefined;
  const { connection } = page.navigator as { connection?: EventTarget };
  return connection;
}
