import { useCallback, useSyncExternalStore } from 'react';
import type { Observable } from '../../client/index.ts';

/** The value of the moment; draws again at each change. */
export function useObservable<T>(observable: Observable<T>): T {
  const subscribe = useCallback(
    (changed: () => void) => {
      let first = true;
      return observable.subscribe(() => {
        // The first call comes at once and tells what is known already.
        if (!first) changed();
        first = false;
      });
    },
    [observable],
  );
  return useSyncExternalStore(subscribe, () => observable.value);
}
