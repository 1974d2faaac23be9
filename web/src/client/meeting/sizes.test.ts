// @vitest-environment happy-dom

import { afterEach, describe, expect, it, vi } from 'vitest';
import { ElementSizes } from './sizes.ts';

afterEach(() => vi.restoreAllMocks());

describe('sizes of elements', () => {
  it('hear the page while something is watched, and no longer', () => {
    const signals: AbortSignal[] = [];
    const keep = (_: string, __: unknown, options: unknown): void => {
      if (options instanceof Object && 'signal' in options) signals.push(options.signal as AbortSignal);
    };
    vi.spyOn(document, 'addEventListener').mockImplementation(keep);
    vi.spyOn(window, 'addEventListener').mockImplementation(keep);
    const sizes = new ElementSizes();
    expect(signals).toEqual([]);
    const [first, second] = [document.createElement('video'), document.createElement('video')];
    const stops = [sizes.watch(first, () => undefined), sizes.watch(second, () => undefined)];
    expect(signals.map(({ aborted }) => aborted)).toEqual([false, false]);
    stops[0]?.();
    expect(signals.map(({ aborted }) => aborted)).toEqual([false, false]);
    stops[1]?.();
    expect(signals.map(({ aborted }) => aborted)).toEqual([true, true]);
  });
});
