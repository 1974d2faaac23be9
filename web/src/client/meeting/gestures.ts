import type { Unsubscribe } from '../observable.ts';

/** What a person does that lets a page make sound. */
const GESTURES = ['pointerup', 'keydown', 'touchend'] as const;

/** Calls `act` at each touch of the page, until told to stop. */
export function onGesture(page: EventTarget, act: () => void): Unsubscribe {
  const stop = new AbortController();
  for (const gesture of GESTURES) page.addEventListener(gesture, act, { signal: stop.signal });
  return () => stop.abort();
}
