import { describe, expect, it } from 'vitest';
import { assign, NOTHING_SHOWN, type Assignment, type Wanted } from './layout.ts';

const MIDS = ['3', '5', '7', '9'];
const want = (track: string, height = 180, priority = 0): Wanted => ({ track, height, priority });

/** Numbers that look random and are the same in every run (mulberry32). */
function generator(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

describe('assign', () => {
  it('keeps a track where it is', () => {
    const first = assign([want('a'), want('b')], MIDS, NOTHING_SHOWN);
    const second = assign([want('c'), want('b'), want('a')], MIDS, first);
    expect(second.byTrack.get('a')).toBe(first.byTrack.get('a'));
    expect(second.byTrack.get('b')).toBe(first.byTrack.get('b'));
  });

  it('puts a track that comes back where it was, and a new one where nothing was', () => {
    const all = assign([want('a'), want('b'), want('c')], MIDS, NOTHING_SHOWN);
    const fewer = assign([want('a')], MIDS, all);
    const again = assign([want('d'), want('c'), want('a')], MIDS, fewer);
    expect(again.byTrack.get('c')).toBe(all.byTrack.get('c'));
    expect(again.byTrack.get('d')).toBe('9');
    const full = assign(
      ['a', 'd', 'e', 'f'].map((track) => want(track)),
      MIDS,
      again,
    );
    expect(full.missing).toBe(0);
  });

  it('puts what is in sight before what is hidden, then priority, then size', () => {
    const wanted = [want('hidden', 0, 9), want('small', 90), want('tall', 720), want('first', 90, 5)];
    const { byTrack, missing } = assign(wanted, ['3', '5'], NOTHING_SHOWN);
    expect([...byTrack.keys()]).toEqual(['first', 'tall']);
    expect(missing).toBe(2);
  });

  it('holds for whatever people do', () => {
    for (let seed = 1; seed <= 40; seed += 1) {
      const draw = generator(seed);
      let before: Assignment = { ...NOTHING_SHOWN, slots: [], missing: 0 };
      for (let step = 0; step < 30; step += 1) {
        const names = ['a', 'b', 'c', 'd', 'e', 'f', 'g'].filter(() => draw(2) === 0);
        const wanted = names.map((name) => want(name, draw(4) * 90, draw(3)));
        const now = assign(wanted, MIDS, before);
        const seats = [...now.byTrack.values()];
        expect(new Set(seats).size).toBe(seats.length);
        expect(seats.every((mid) => MIDS.includes(mid))).toBe(true);
        expect(now.slots).toHaveLength(Math.min(MIDS.length, wanted.length));
        expect(now.missing).toBe(wanted.length - seats.length);
        for (const [track, mid] of now.byTrack) {
          if (before.byTrack.has(track)) expect(mid).toBe(before.byTrack.get(track));
        }
        const seated = wanted.filter(({ track }) => now.byTrack.has(track));
        const standing = wanted.filter(({ track }) => !now.byTrack.has(track));
        if (standing.some(({ height }) => height > 0)) {
          expect(seated.every(({ height }) => height > 0)).toBe(true);
        }
        before = now;
      }
    }
  });
});
