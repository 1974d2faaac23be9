import { useSyncExternalStore } from 'react';
import { routeOf, type Route } from '../lib/route.ts';

/** What `navigate` tells, since `pushState` tells nobody. */
const MOVED = 'rooms:moved';

export function navigate(path: string): void {
  history.pushState(null, '', path);
  dispatchEvent(new Event(MOVED));
}

/** As `navigate`, and the back button does not lead here again. */
export function replace(path: string): void {
  history.replaceState(null, '', path);
  dispatchEvent(new Event(MOVED));
}

/** Where the address bar points; follows links and the back button. */
export function useRoute(): Route {
  return routeOf(useSyncExternalStore(subscribe, () => location.pathname));
}

function subscribe(changed: () => void): () => void {
  addEventListener('popstate', changed);
  addEventListener(MOVED, changed);
  return () => {
    removeEventListener('popstate', changed);
    removeEventListener(MOVED, changed);
  };
}
