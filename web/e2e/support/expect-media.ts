import type { Page } from 'puppeteer-core';
import { expect } from 'vitest';
import type { RtpStats } from '../page/harness.ts';
import type { Rgb } from '../page/picture.ts';
import { datagramsDropped } from './kernel.ts';
import { eventually, sleep } from './wait.ts';

export const RED: Rgb = [200, 40, 40];
export const GREEN: Rgb = [40, 170, 60];
export const BLUE: Rgb = [40, 60, 200];
export const YELLOW: Rgb = [215, 190, 40];
export const VIOLET: Rgb = [150, 50, 190];

/** How far one channel may stray: codecs and colour conversions cost some, another publisher's colour is 100 away. */
const CHANNEL_ERROR_MAX = 45;
/** A publisher whose browser hardly gets to draw shows nothing. */
const FRAMES_PER_SECOND_MIN = 2;
/** Sent, but not decoded yet, when the figures are read. */
const FRAMES_UNDER_WAY = 8;
/** How far a tone may stray, Hz: two bins of the analyser. */
const PITCH_ERROR_MAX = 12;

/**
 * How long a stream may stand still in a test, s. Browsers count as a freeze whatever comes late, and on two busy cores an
 * encoder, a decoder or the screen waits for its turn. A stream that lost its way stands still until somebody asks for a
 * keyframe, or for good: lost packets, requests and frames are counted exactly, and freezes are told.
 */
export const FROZEN_S_MAX = 3;

export function stoodStill(what: string, seconds: number, times?: number): void {
  if (seconds > 0)
    console.log(
      `${what} stood still for ${seconds.toFixed(2)} s${times === undefined ? '' : `, ${times} times`}`,
    );
  expect(seconds, `freezes of ${what}, s`).toBeLessThan(FROZEN_S_MAX);
}

/** Packets of a burst that a socket takes or loses as one datagram, at most. */
const PACKETS_PER_DATAGRAM_MAX = 64;

/** No packet was lost but those that the kernel threw away, of which nobody can know whose they were. */
export function lostNothing(what: string, packets: number, dropped: number): void {
  if (packets > 0) console.log(`${what} lost ${packets} packets, the kernel dropped ${dropped} datagrams`);
  expect(packets, `packets lost of ${what}`).toBeLessThanOrEqual(dropped * PACKETS_PER_DATAGRAM_MAX);
}

/**
 * Concealed sound is what came too late or never. A browser that must wait for a core sends late, Firefox most of all; a
 * stream that lost its way is concealed or silent from then on.
 */
const CONCEALED_SHARE_MAX = 0.5;
/** So much is let pass however short the time was: about a freeze, samples at 48 kHz. */
const CONCEALED_SAMPLES_MAX = FROZEN_S_MAX * 48_000;
/** From here on it is said. */
const CONCEALED_SHARE_TOLD = 0.03;

/** By how much figures of the sound grew while it was listened to. */
export function concealedLittle(what: string, grown: (name: string) => number): void {
  const samples = grown('totalSamplesReceived');
  const concealed = grown('concealedSamples') - grown('silentConcealedSamples');
  if (concealed > samples * CONCEALED_SHARE_TOLD)
    console.log(`${((100 * concealed) / samples).toFixed(1)} % of ${what} came too late`);
  expect(concealed, `concealed of ${samples} samples of ${what}`).toBeLessThanOrEqual(
    Math.max(samples * CONCEALED_SHARE_MAX, CONCEALED_SAMPLES_MAX),
  );
}

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

/**
 * Watches a stream for some time: the viewer decodes what was sent, asks for nothing anew and loses nothing. How many frames a
 * canvas gives is the publishing browser's affair.
 */
export async function playsOn(
  what: string,
  sent: () => Promise<RtpStats>,
  seen: () => Promise<RtpStats>,
  ms: number,
): Promise<void> {
  const dropped = datagramsDropped();
  const frames = async (): Promise<number> => figure(await sent(), 'framesSent');
  const missing = async (): Promise<number> => {
    const stat = await seen();
    return (await frames()) - figure(stat, 'framesDecoded') - figure(stat, 'framesDropped');
  };
  const [before, sentBefore, missingBefore] = [await seen(), await frames(), await missing()];
  await sleep(ms);
  expect((await frames()) - sentBefore, 'frames sent').toBeGreaterThan((ms / 1000) * FRAMES_PER_SECOND_MIN);
  await eventually(
    `no more frames are missing in ${what} than the ${missingBefore} before`,
    missing,
    (now) => now <= missingBefore + FRAMES_UNDER_WAY,
  );
  const after = await seen();
  const grown = (name: string): number => figure(after, name) - figure(before, name);
  const figures = JSON.stringify(after);
  lostNothing(what, grown('packetsLost'), datagramsDropped() - dropped);
  expect(grown('pliCount'), `asked for keyframes: ${figures}`).toBe(0);
  expect(after['ssrc'], figures).toBe(before['ssrc']);
  stoodStill(what, grown('totalFreezesDuration'), grown('freezeCount'));
}
