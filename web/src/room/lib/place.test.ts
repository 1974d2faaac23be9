import { describe, expect, it } from 'vitest';
import { placeBeside } from './place.ts';

const box = (right: number, top: number): { right: number; top: number; bottom: number } => ({
  right,
  top,
  bottom: top + 32,
});

describe('a card', () => {
  it('is above what opened it at the foot of the window, and below it at the head', () => {
    expect(placeBeside(box(1000, 700), 1280, 800)).toEqual({ right: 280, bottom: 108, maxHeight: 684 });
    expect(placeBeside(box(1000, 100), 1280, 800)).toEqual({ right: 280, top: 140, maxHeight: 652 });
  });

  it('stays within the window', () => {
    expect(placeBeside(box(100, 100), 390, 844).right).toBe(390 - 288 - 8);
    expect(placeBeside(box(389, 100), 390, 844).right).toBe(8);
    expect(placeBeside(box(200, 100), 240, 844).right).toBe(8);
  });
});
