import type { LayoutSlot } from '../wire.ts';

/** A remote video track that is to be shown. */
export interface Wanted {
  readonly track: string;
  /** Of its tallest element, device pixels; 0: out of sight. */
  readonly height: number;
  readonly priority: number;
}

export interface Assignment {
  readonly slots: readonly LayoutSlot[];
  /** The slot (its mid) of each track that got one. */
  readonly byTrack: ReadonlyMap<string, string>;
  /** The track that each slot (by its mid) shows or showed last. */
  readonly lastShown: ReadonlyMap<string, string>;
  /** How many tracks got none. */
  readonly missing: number;
}

/** Before anything was shown. */
export const NOTHING_SHOWN: Pick<Assignment, 'byTrack' | 'lastShown'> = {
  byTrack: new Map(),
  lastShown: new Map(),
};

/**
 * Gives tracks to slots. A track stays in its slot as long as it is wanted: moving costs a keyframe and a blank moment. One
 * that comes back goes where it was: its sound, which the server puts beside its picture, may still play there.
 * Where slots are too few, what is in sight goes first, then the higher priority, then the taller.
 */
export function assign(
  wanted: readonly Wanted[],
  mids: readonly string[],
  before: Pick<Assignment, 'byTrack' | 'lastShown'>,
): Assignment {
  const seated = [...wanted].sort((a, b) => rank(a, b, before.byTrack)).slice(0, mids.length);
  const byTrack = new Map<string, string>();
  const free = new Set(mids);
  const lastShown = new Map([...before.lastShown].filter(([mid]) => free.has(mid)));
  const take = (track: string, mid: string | undefined): void => {
    if (mid === undefined || byTrack.has(track) || !free.delete(mid)) return;
    byTrack.set(track, mid);
    lastShown.set(mid, track);
  };
  for (const { track } of seated) take(track, before.byTrack.get(track));
  for (const { track } of seated)
    take(
      track,
      [...free].find((mid) => before.lastShown.get(mid) === track),
    );
  for (const { track } of seated) take(track, [...free].find((mid) => !lastShown.has(mid)) ?? [...free][0]);
  const slots = seated.flatMap(({ track, height, priority }) => {
    const mid = byTrack.get(track);
    return mid === undefined ? [] : [{ mid, track, height, priority }];
  });
  slots.sort((a, b) => mids.indexOf(a.mid) - mids.indexOf(b.mid));
  return { slots, byTrack, lastShown, missing: wanted.length - byTrack.size };
}

/** Negative if `a` goes before `b`; among equals, who already sits stays. */
function rank(a: Wanted, b: Wanted, before: ReadonlyMap<string, string>): number {
  return (
    Number(b.height > 0) - Number(a.height > 0) ||
    b.priority - a.priority ||
    b.height - a.height ||
    Number(before.has(b.track)) - Number(before.has(a.track))
  );
}
