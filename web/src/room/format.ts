import type { TrackStats } from '../client/index.ts';

/** "1.2 Mbit/s", "48 kbit/s". */
export function bitrateText(bitsPerSecond: number): string {
  if (bitsPerSecond >= 1e6) return `${(bitsPerSecond / 1e6).toFixed(1)} Mbit/s`;
  return `${Math.round(bitsPerSecond / 1e3)} kbit/s`;
}

/** A codec as its specification writes it. */
export function codecText(name: string): string {
  if (name === '') return '–';
  return name.toLowerCase() === 'opus' ? 'Opus' : name.toUpperCase();
}

/** "VP8 · 1280×720 · 30 fps · 1.2 Mbit/s · 0 lost" */
export function trackText(track: TrackStats): string {
  const parts = [codecText(track.codec)];
  if (track.width > 0) parts.push(`${track.width}×${track.height}`);
  if (track.kind === 'video') parts.push(`${Math.round(track.framesPerSecond)} fps`);
  parts.push(bitrateText(track.bitrate), `${track.packetsLost} lost`);
  return parts.join(' · ');
}

export function roundTripText(ms: number | undefined): string {
  if (ms === undefined) return '–';
  return ms < 1 ? 'under 1 ms' : `${Math.round(ms)} ms`;
}
