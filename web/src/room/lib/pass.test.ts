import { expect, it, vi } from 'vitest';
import { passFor, type Place } from './pass.ts';

function place(hash: string, stored: Record<string, string> = {}): Place & { shown: string[] } {
  const shown: string[] = [];
  return {
    shown,
    location: { hash, pathname: '/rooms/tea', search: '?name=Ada' },
    history: { replaceState: (_state, _title, url) => void shown.push(String(url)) },
    sessionStorage: {
      getItem: (key) => stored[key] ?? null,
      setItem: (key, value) => void (stored[key] = value),
    },
  };
}

it('takes the token out of the link, and has it again after a reload', () => {
  const stored = {};
  const first = place('#token=aaa.bbb.c-_c', stored);
  expect(passFor('tea', first)).toBe('aaa.bbb.c-_c');
  expect(first.shown).toEqual(['/rooms/tea?name=Ada']);
  expect(passFor('tea', place('', stored))).toBe('aaa.bbb.c-_c');
  expect(passFor('milk', place('', stored))).toBeUndefined();
});

it('leaves another fragment alone, and does without storage', () => {
  const other = place('#token=a b');
  expect(passFor('tea', other)).toBeUndefined();
  expect(other.shown).toEqual([]);
  const refused = { getItem: vi.fn(() => fail()), setItem: vi.fn(() => fail()) };
  expect(passFor('tea', { ...place('#token=a.b.c'), sessionStorage: refused })).toBe('a.b.c');
  expect(passFor('tea', { ...place(''), sessionStorage: refused })).toBeUndefined();
});

it('does without site data, which throws when it is only looked for', () => {
  const blocked = (hash: string): ReturnType<typeof place> =>
    Object.defineProperty(place(hash), 'sessionStorage', { get: () => fail() });
  const linked = blocked('#token=a.b.c');
  expect(passFor('tea', linked)).toBe('a.b.c');
  expect(linked.shown).toEqual(['/rooms/tea?name=Ada']);
  expect(passFor('tea', blocked(''))).toBeUndefined();
});

function fail(): never {
  throw new DOMException('refused', 'SecurityError');
}
