import { useCallback, useSyncExternalStore } from 'react';

/** Narrower pages get sheets instead of side panels, as in styles/base.css. */
export const PHONE = '(max-width: 759px), (max-height: 479px)';

export function useMediaQuery(query: string): boolean {
  const subscribe = useCallback(
    (changed: () => void) => {
      const list = matchMedia(query);
      list.addEventListener('change', changed);
      return () => list.removeEventListener('change', changed);
    },
    [query],
  );
  return useSyncExternalStore(subscribe, () => matchMedia(query).matches);
}
