import { useEffect } from 'react';
import { prefer, preferences } from '../lib/preferences.ts';
import { useMediaQuery } from './use-media-query.ts';
import { useObservable } from './use-observable.ts';

export interface Theme {
  readonly shown: 'light' | 'dark';
  readonly toggle: () => void;
}

/** What the system likes until a person chooses otherwise. */
export function useTheme(): Theme {
  const { theme } = useObservable(preferences);
  const systemDark = useMediaQuery('(prefers-color-scheme: dark)');
  const system = systemDark ? 'dark' : 'light';
  const shown = theme === 'system' ? system : theme;
  useEffect(() => {
    document.documentElement.dataset['theme'] = shown;
  }, [shown]);
  return {
    shown,
    toggle: () => {
      const other = shown === 'dark' ? 'light' : 'dark';
      prefer({ theme: other === system ? 'system' : other });
    },
  };
}
