import { Observable } from '../../client/index.ts';

/** What a person chose and would not want to choose again. */
export interface Preferences {
  readonly name: string;
  readonly room: string;
  readonly theme: 'system' | 'light' | 'dark';
  readonly cameraId: string | null;
  readonly microphoneId: string | null;
  readonly speakerId: string;
  readonly camera: 'on' | 'off';
  readonly microphone: 'on' | 'off';
  /** Single keys, which disturb those who speak to their computer. */
  readonly shortcuts: 'on' | 'off';
}

const KEY = 'rooms.preferences';
export const PREFERENCES_DEFAULT: Preferences = {
  name: '',
  room: '',
  theme: 'system',
  cameraId: null,
  microphoneId: null,
  speakerId: '',
  camera: 'on',
  microphone: 'on',
  shortcuts: 'on',
};

export const preferences = new Observable<Preferences>(read());

export function prefer(changes: Partial<Preferences>): void {
  preferences.set({ ...preferences.value, ...changes });
  try {
    localStorage.setItem(KEY, JSON.stringify(preferences.value));
  } catch {
    // A browser that keeps nothing still works until the tab closes.
  }
}

function read(): Preferences {
  let kept: unknown;
  try {
    kept = JSON.parse(localStorage.getItem(KEY) ?? '{}');
  } catch {
    return PREFERENCES_DEFAULT;
  }
  if (typeof kept !== 'object' || kept === null) return PREFERENCES_DEFAULT;
  const field = (key: keyof Preferences): unknown => Reflect.get(kept, key);
  return {
    name: text(field('name')),
    room: text(field('room')),
    theme: oneOf(field('theme'), ['light', 'dark'] as const) ?? 'system',
    cameraId: text(field('cameraId')) || null,
    microphoneId: text(field('microphoneId')) || null,
    speakerId: text(field('speakerId')),
    camera: oneOf(field('camera'), ['off'] as const) ?? 'on',
    microphone: oneOf(field('microphone'), ['off'] as const) ?? 'on',
    shortcuts: oneOf(field('shortcuts'), ['off'] as const) ?? 'on',
  };
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function oneOf<T>(value: unknown, allowed: readonly T[]): T | undefined {
  return allowed.find((candidate) => candidate === value);
}
