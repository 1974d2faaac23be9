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
  /** How many tracks got none. */
  readonly missing: number;
}

/**
 * Gives tracks to slots. A track stays in its slot as long as it is wanted: moving costs a keyframe and a blank moment.
 * Where slots are too few, what is in sight goes first, then the higher priority, then the taller.
 */
export function assign(
  wanted: readonly Wanted[],
  mids: readonly string[],
  before: ReadonlyMap<string, string>,
): Assignment {
  const seated = [...wanted].sort((a, b) => rank(a, b, before)).slice(0, mids.length);
  const byTrack = new Map<string, string>();
  const free = new Set(mids);
  for (const { track } of seated) {
    const mid = before.get(track);
    if (mid !== undefined && free.delete(mid)) byTrack.set(track, mid);
  }
  for (const { track } of seated) {
    if (byTrack.has(track)) continue;
    const [mid] = free;
    if (mid === undefined) break;
    free.delete(mid);
    byTrack.set(track, mid);
  }
  const slots = seated.flatMap(({ track, height, priority }) => {
    const mid = byTrack.get(track);
    return mid === undefined ? [] : [{ mid, track, height, priority }];
  });
  slots.sort((a, b) => mids.indexOf(a.mid) - mids.indexOf(b.mid));
  return { slots, byTrack, missing: wanted.length - byTrack.size };
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
