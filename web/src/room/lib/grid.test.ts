import { describe, expect, it } from 'vitest';
import { gridFor, type Grid } from './grid.ts';
import { arrange } from './arrangement.ts';
import { capacityOf, seatsFor } from './seats.ts';

const GAP = 8;
const DESKTOP = [1248, 662] as const;
const PHONE = [374, 716] as const;

const shape = ({ columns, rows }: Grid): string => `${columns}×${rows}`;

describe('columns and rows', () => {
  it.each([
    [1, '1×1'],
    [2, '2×1'],
    [3, '2×2'],
    [4, '2×2'],
    [5, '3×2'],
    [6, '3×2'],
    [9, '3×3'],
    [12, '4×3'],
    [16, '4×4'],
  ])('of %i on a desktop: %s', (count, expected) => {
    expect(shape(gridFor(count, ...DESKTOP, GAP))).toBe(expected);
  });

  it.each([
    [1, '1×1'],
    [2, '1×2'],
    [6, '2×3'],
    [8, '2×4'],
  ])('of %i on an upright phone: %s', (count, expected) => {
    expect(shape(gridFor(count, ...PHONE, GAP))).toBe(expected);
  });

  it('are those of the largest tiles, which fit and keep their shape', () => {
    for (const [width, height] of [DESKTOP, PHONE, [844, 260], [300, 300], [2500, 400]] as const) {
      for (let count = 1; count <= 16; count += 1) {
        const grid = gridFor(count, width, height, GAP);
        expect(grid.columns * grid.rows).toBeGreaterThanOrEqual(count);
        expect(grid.columns * grid.tileWidth + (grid.columns - 1) * GAP).toBeLessThanOrEqual(width);
        expect(grid.rows * grid.tileHeight + (grid.rows - 1) * GAP).toBeLessThanOrEqual(height);
        expect(grid.tileWidth / grid.tileHeight).toBeLessThan(1.82);
        expect(grid.tileWidth / grid.tileHeight).toBeGreaterThan(height > width ? 0.73 : 1.3);
        const others = Array.from({ length: count }, (_, index) => area(count, index + 1, width, height));
        expect(grid.tileWidth * grid.tileHeight).toBeGreaterThanOrEqual(Math.max(...others) - 1);
      }
    }
  });

  it('are harmless before anything is measured', () => {
    expect(gridFor(4, 0, 0, GAP)).toMatchObject({ tileWidth: 0, tileHeight: 0 });
  });
});

/** By hand: the tile of this many columns, whole pixels. */
function area(count: number, columns: number, width: number, height: number): number {
  const rows = Math.ceil(count / columns);
  const w = (width - GAP * (columns - 1)) / columns;
  const h = (height - GAP * (rows - 1)) / rows;
  if (w <= 0 || h <= 0) return 0;
  const least = height > width ? 3 / 4 : 4 / 3;
  return Math.floor(Math.min(w, (h * 16) / 9)) * Math.floor(Math.min(h, w / least));
}

describe('a shared screen', () => {
  it('has the people beside it on a desktop and below it on a phone', () => {
    expect(arrange('screen', 5, { width: 1248, height: 662 }, GAP).strip).toBe('side');
    expect(arrange('screen', 5, { width: 374, height: 716 }, GAP).strip).toBe('foot');
    expect(arrange('screen', 5, { width: 600, height: 300 }, GAP)).toMatchObject({
      strip: 'foot',
      tileHeight: 84,
    });
  });
});

describe('seats', () => {
  const everybody = ['a', 'b', 'c', 'd', 'e', 'f'];

  it('are enough for sixteen on a desktop, and for fewer on a phone', () => {
    expect(capacityOf(...DESKTOP, GAP)).toBe(16);
    expect(capacityOf(...PHONE, GAP)).toBe(12);
    expect(capacityOf(0, 0, GAP)).toBe(1);
  });

  it('hold everybody who fits, in order of arrival', () => {
    expect(seatsFor(everybody, [], new Map(), 6)).toEqual({ seen: everybody, more: 0 });
  });

  it('leave the last place for those who do not fit', () => {
    expect(seatsFor(everybody, [], new Map(), 4)).toEqual({ seen: ['a', 'b', 'c'], more: 3 });
  });

  it('give an unseen speaker the place of who has been silent longest, and move nobody else', () => {
    const spoke = new Map([['a', 5], ['b', 1], ['c', 4], ['e', 6]]); // prettier-ignore
    expect(seatsFor(everybody, ['a', 'b', 'c'], spoke, 4).seen).toEqual(['a', 'e', 'c']);
    expect(seatsFor(everybody, ['a', 'e', 'c'], spoke, 4).seen).toEqual(['a', 'e', 'c']);
  });

  it('are filled again when somebody leaves', () => {
    expect(seatsFor(['a', 'c', 'd', 'e', 'f'], ['a', 'b', 'c'], new Map(), 4).seen).toEqual(['a', 'c', 'd']);
  });
});
