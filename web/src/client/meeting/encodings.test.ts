import { describe, expect, it } from 'vitest';
import { cameraEncodings, fitEncodings, screenEncodings } from './encodings.ts';
import { quantise } from './sizes.ts';

const HD = { width: 1280, height: 720 };

describe('cameraEncodings', () => {
  it('goes from the smallest to the largest', () => {
    const encodings = cameraEncodings(HD, 'on', 'vp8');
    expect(encodings.map(({ rid }) => rid)).toEqual(['q', 'h', 'f']);
    expect(encodings.map(({ scaleResolutionDownBy }) => scaleResolutionDownBy)).toEqual([4, 2, 1]);
    const bitrates = encodings.map(({ maxBitrate = 0 }) => maxBitrate);
    expect(bitrates).toEqual([...bitrates].sort((a, b) => a - b));
  });

  it('is one without simulcast', () => {
    expect(cameraEncodings(HD, 'off', 'vp8')).toHaveLength(1);
  });

  it('names the mode where Chromium wants it', () => {
    expect(cameraEncodings(HD, 'on', 'vp9').every((one) => 'scalabilityMode' in one)).toBe(true);
    expect(cameraEncodings(HD, 'on', 'h264').some((one) => 'scalabilityMode' in one)).toBe(false);
  });

  it('can be thinned by VP8, in whatever sizes', () => {
    const made = [
      ...cameraEncodings(HD, 'on', 'vp8'),
      ...cameraEncodings(HD, 'off', 'vp8'),
      ...screenEncodings('vp8'),
    ];
    expect(made).toMatchObject(Array(5).fill({ scalabilityMode: 'L1T3' }));
  });

  it('keeps number and order for any camera, sends one at full size at least, and asks for no more than is sane', () => {
    const made = cameraEncodings(HD, 'on', 'vp8');
    for (const height of [90, 120, 180, 240, 270, 360, 480, 720, 1080, 2160]) {
      const fitted = fitEncodings(made, { width: (height * 16) / 9, height });
      expect(fitted.map(({ rid }) => rid)).toEqual(['q', 'h', 'f']);
      const sent = fitted.filter(({ active }) => active);
      expect(sent.at(-1)?.scaleResolutionDownBy).toBe(1);
      expect(sent.every(({ maxBitrate = 0 }) => maxBitrate >= 100_000 && maxBitrate <= 6_000_000)).toBe(true);
    }
  });
});

describe('fitEncodings', () => {
  it.each([
    [320, 180, [1]],
    [320, 240, [1]],
    [480, 270, [2, 1]],
    [640, 480, [2, 1]],
    [360, 640, [2, 1]],
    [960, 540, [4, 2, 1]],
    [720, 1280, [4, 2, 1]],
  ])(
    'asks for as many sizes of %i x %i as Chromium sends, the full one among them',
    (width, height, scales) => {
      const fitted = fitEncodings(cameraEncodings(HD, 'on', 'vp8'), { width, height });
      const sent = fitted.filter(({ active }) => active);
      expect(sent.map(({ scaleResolutionDownBy }) => scaleResolutionDownBy)).toEqual(scales);
    },
  );
});

describe('quantise', () => {
  it('rounds up, and what is not there is 0', () => {
    expect([0, -1, NaN, 1, 30, 31, 719, 1e9].map(quantise)).toEqual([0, 0, 0, 30, 30, 60, 720, 65_535]);
  });
});
