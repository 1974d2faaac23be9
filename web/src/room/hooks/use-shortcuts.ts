import { useEffect } from 'react';

/** Single keys that act anywhere on the page, but not while somebody types or answers a dialog. */
export function useShortcuts(keys: Readonly<Record<string, () => void>>, use: 'on' | 'off'): void {
  useEffect(() => {
    const press = (event: KeyboardEvent): void => {
      if (event.defaultPrevented || event.repeat || event.ctrlKey || event.metaKey || event.altKey) return;
      if (event.key !== 'Escape' && (use === 'off' || isBusy(event.target))) return;
      const act = keys[event.key.length === 1 ? event.key.toLowerCase() : event.key];
      if (act === undefined) return;
      event.preventDefault();
      act();
    };
    addEventListener('keydown', press);
    return () => removeEventListener('keydown', press);
  }, [keys, use]);
}

function isBusy(target: EventTarget | null): boolean {
  return target instanceof Element && target.closest('input, textarea, select, [role="dialog"]') !== null;
}
