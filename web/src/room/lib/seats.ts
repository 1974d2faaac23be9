import { aspectFor, gridFor } from './grid.ts';

/** More tiles than this are no use to anybody. */
export const TILES_MAX = 16;
/** Narrower tiles show no face, CSS pixels. */
const TILE_WIDTH_MIN = 120;

/** How many tiles an area holds that still show a face, 1 to 16. */
export function capacityOf(width: number, height: number, gap: number): number {
  const aspect = aspectFor(width, height);
  for (let count = TILES_MAX; count > 1; count -= 1) {
    if (gridFor(count, width, height, gap, aspect).tileWidth >= TILE_WIDTH_MIN) return count;
  }
  return 1;
}

export interface Seats {
  /** Who is seen, in the order of the tiles. */
  readonly seen: readonly string[];
  /** How many are behind "+N". */
  readonly more: number;
}

/**
 * Who gets a tile when not everybody can. Whoever is seen keeps the place; whoever speaks unseen takes the place of
 * the one who has been silent longest.
 *
 * `everybody` is in order of arrival, `lastSpoke` maps identities to a time that grows.
 */
export function seatsFor(
  everybody: readonly string[],
  before: readonly string[],
  lastSpoke: ReadonlyMap<string, number>,
  capacity: number,
): Seats {
  if (everybody.length <= capacity) return { seen: everybody, more: 0 };
  // The last place says how many are not seen.
  const places = Math.max(1, capacity - 1);
  const here = new Set(everybody);
  const seated = before.filter((identity) => here.has(identity)).slice(0, places);
  for (const identity of everybody) {
    if (seated.length >= places) break;
    if (!seated.includes(identity)) seated.push(identity);
  }
  const spoke = (identity: string): number => lastSpoke.get(identity) ?? -1;
  const unseen = everybody
    .filter((identity) => !seated.includes(identity) && spoke(identity) >= 0)
    .sort((a, b) => spoke(b) - spoke(a));
  for (const speaker of unseen) {
    const quietest = seated.reduce((least, identity) => (spoke(identity) < spoke(least) ? identity : least));
    if (spoke(quietest) >= spoke(speaker)) break;
    seated[seated.indexOf(quietest)] = speaker;
  }
  return { seen: seated, more: everybody.length - seated.length };
}
