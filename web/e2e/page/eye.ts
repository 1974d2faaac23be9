import type { Rgb } from './picture.ts';

const SAMPLE_WIDTH = 16;
const SAMPLE_HEIGHT = 9;

/** The average of the upper half of what a video shows, where nothing moves; null before the first picture. */
export function colorOf(video: HTMLVideoElement | undefined): Rgb | null {
  if (video === undefined || video.videoWidth === 0) return null;
  const canvas = document.createElement('canvas');
  canvas.width = SAMPLE_WIDTH;
  canvas.height = SAMPLE_HEIGHT;
  const context = canvas.getContext('2d', { willReadFrequently: true });
  if (context === null) return null;
  context.drawImage(video, 0, 0, SAMPLE_WIDTH, SAMPLE_HEIGHT);
  const { data } = context.getImageData(0, 0, SAMPLE_WIDTH, Math.floor(SAMPLE_HEIGHT / 2));
  const sums = [0, 0, 0];
  for (let i = 0; i < data.length; i += 1) {
    const channel = i % 4;
    if (channel < 3) sums[channel] = (sums[channel] ?? 0) + (data[i] ?? 0);
  }
  const pixels = data.length / 4;
  const [red = 0, green = 0, blue = 0] = sums.map((sum) => Math.round(sum / pixels));
  return [red, green, blue];
}
