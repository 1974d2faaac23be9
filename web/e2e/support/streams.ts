import { expect } from 'vitest';
import type { RtpFigures } from '../page/person.ts';
import { figure } from './expect-media.ts';
import type { Person } from './person.ts';

/** How one person receives another at one moment. */
interface Reading {
  readonly from: string;
  readonly to: string;
  readonly video: RtpFigures;
  readonly audio: RtpFigures;
}

/** All that goes between some people at one moment, and how often each has negotiated. */
export interface Moment {
  readonly atMs: number;
  readonly readings: readonly Reading[];
  readonly negotiations: readonly number[];
}

export async function moment(people: readonly Person[]): Promise<Moment> {
  const readings = await Promise.all(
    people.flatMap((to) =>
      people
        .filter((from) => from !== to)
        .map(async (from) => ({
          from: from.name,
          to: to.name,
          video: (await to.inbound(from.name, 'video')) ?? {},
          audio: (await to.inbound(from.name, 'audio')) ?? {},
        })),
    ),
  );
  const negotiations = await Promise.all(people.map((person) => person.negotiations()));
  return { atMs: Date.now(), readings, negotiations };
}

/** Of a camera that sends 15 frames a second; the rest is a busy machine's. */
const FRAMES_PER_SECOND_MIN = 10;
/**
 * Two cores that run five browsers stumble now and then, s; a stream that lost its way stands still until the next
 * keyframe, or for good.
 */
const FROZEN_S_MAX = 0.8;
/**
 * Concealed sound is what came too late or never. A browser that must wait for a core sends late, Firefox most of all; a
 * stream that lost its way is concealed or silent from then on.
 */
const CONCEALED_SHARE_MAX = 0.1;
/** So much is let pass however short the time was: about the freeze above, samples at 48 kHz. */
const CONCEALED_SAMPLES_MAX = 0.8 * 48_000;
/** From here on it is said. */
const CONCEALED_SHARE_TOLD = 0.03;

/** Nothing froze, stopped or was made anew between two moments, and nobody negotiated. */
export function flowedOn(before: Moment, after: Moment): void {
  const seconds = (after.atMs - before.atMs) / 1000;
  expect(after.negotiations, 'offers made').toEqual(before.negotiations);
  expect(after.readings).toHaveLength(before.readings.length);
  after.readings.forEach((now, i) => {
    const then = before.readings[i];
    if (then === undefined) return;
    const what = `${now.from} at ${now.to}`;
    const grown = (kind: 'audio' | 'video', name: string): number =>
      figure(now[kind], name) - figure(then[kind], name);
    expect(now.video['ssrc'], `SSRC of ${what}`).toBe(then.video['ssrc']);
    expect(now.audio['ssrc'], `SSRC of ${what}`).toBe(then.audio['ssrc']);
    const frozen = grown('video', 'totalFreezesDuration');
    if (frozen > 0)
      console.log(`${what} stood still for ${frozen} s, ${grown('video', 'freezeCount')} times`);
    expect(frozen, `freezes of ${what}: ${JSON.stringify(now.video)}`).toBeLessThan(FROZEN_S_MAX);
    expect(grown('video', 'pliCount'), `requests for keyframes of ${what}`).toBe(0);
    expect(grown('video', 'framesDecoded'), `frames of ${what}`).toBeGreaterThan(
      seconds * FRAMES_PER_SECOND_MIN,
    );
    expect(grown('audio', 'packetsReceived'), `packets of sound of ${what}`).toBeGreaterThan(seconds * 40);
    const samples = grown('audio', 'totalSamplesReceived');
    const concealed = grown('audio', 'concealedSamples') - grown('audio', 'silentConcealedSamples');
    if (concealed > samples * CONCEALED_SHARE_TOLD)
      console.log(`${((100 * concealed) / samples).toFixed(1)} % of the sound of ${what} came too late`);
    expect(concealed, `concealed of ${samples} samples of ${what}`).toBeLessThanOrEqual(
      Math.max(samples * CONCEALED_SHARE_MAX, CONCEALED_SAMPLES_MAX),
    );
  });
}
