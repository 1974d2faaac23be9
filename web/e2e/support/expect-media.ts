import type { Page } from 'puppeteer-core';
import { expect } from 'vitest';
import type { RtpStats } from '../page/harness.ts';
import type { Rgb } from '../page/picture.ts';
import { eventually } from './wait.ts';

export const RED: Rgb = [200, 40, 40];
export const GREEN: Rgb = [40, 170, 60];
export const BLUE: Rgb = [40, 60, 200];
export const YELLOW: Rgb = [215, 190, 40];
export const VIOLET: Rgb = [150, 50, 190];

/** How far one channel may stray: codecs and colour conversions cost some, another publisher's colour is 100 away. */
const CHANNEL_ERROR_MAX = 45;
/** How far a tone may stray, Hz: two bins of the analyser. */
const PITCH_ERROR_MAX = 12;

export function isColor(seen: Rgb | null, wanted: Rgb): boolean {
  return (
    seen !== null && wanted.every((channel, i) => Math.abs(channel - (seen[i] ?? -1000)) <= CHANNEL_ERROR_MAX)
  );
}

export function isPitch(heard: number, wanted: number): boolean {
  return Math.abs(heard - wanted) <= PITCH_ERROR_MAX;
}

export async function seesAndHears(
  page: Page,
  viewer: string,
  slot: number,
  color: Rgb,
  pitch: number,
): Promise<void> {
  await eventually(
    `${viewer} sees ${color.join()} in slot ${slot}`,
    () => page.evaluate((name, index) => window.harness.color(name, index), viewer, slot),
    (seen) => isColor(seen, color),
  );
  await eventually(
    `${viewer} hears ${pitch} Hz in slot ${slot}`,
    () => page.evaluate((name, index) => window.harness.pitch(name, index), viewer, slot),
    (heard) => isPitch(heard, pitch),
  );
}

export async function isLive(page: Page, name: string): Promise<void> {
  await eventually(
    `${name} is live`,
    () => page.evaluate((who) => window.harness.state(who), name),
    (state) => state.kind === 'live',
  );
}

/** The one stream of this kind that carries something. */
export async function stream(page: Page, name: string, kind: 'audio' | 'video'): Promise<RtpStats> {
  const all = await page.evaluate((who) => window.harness.rtp(who), name);
  const found = all.filter((stat) => stat['kind'] === kind && figure(stat, packetsOf(stat)) > 0);
  expect(found, `${name}'s ${kind} streams`).toHaveLength(1);
  return found[0] ?? {};
}

export function figure(stat: RtpStats, name: string): number {
  const value = stat[name];
  return typeof value === 'number' ? value : 0;
}

function packetsOf(stat: RtpStats): string {
  return stat['type'] === 'inbound-rtp' ? 'packetsReceived' : 'packetsSent';
}
