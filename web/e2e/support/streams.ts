import { expect } from 'vitest';
import type { RtpFigures } from '../page/person.ts';
import { concealedLittle, figure, stoodStill } from './expect-media.ts';
import type { Person } from './person.ts';

/** How one person receives another at one moment. */
interface Reading {
  readonly from: string;
  readonly to: string;
  readonly video: RtpFigures;
  readonly audio: RtpFigures;
}

/** What one person sent at one moment: of several encodings the one with the most. */
interface Sent {
  readonly frames: number;
  readonly soundPackets: number;
}

/** All that goes between some people at one moment, and how often each has negotiated. */
export interface Moment {
  readonly atMs: number;
  readonly readings: readonly Reading[];
  readonly sent: ReadonlyMap<string, Sent>;
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
  const most = (stats: readonly RtpFigures[], name: string): number =>
    Math.max(0, ...stats.map((stat) => figure(stat, name)));
  const sent = await Promise.all(
    people.map(async (one): Promise<[string, Sent]> => {
      const [video, audio] = [await one.outbound('video'), await one.outbound('audio')];
      return [one.name, { frames: most(video, 'framesSent'), soundPackets: most(audio, 'packetsSent') }];
    }),
  );
  const negotiations = await Promise.all(people.map((person) => person.negotiations()));
  return { atMs: performance.now(), readings, sent: new Map(sent), negotiations };
}

/** Of what was sent: the smaller encodings of a camera may have fewer pictures, a stream that lost its way has none. */
const FRAMES_SHARE_MIN = 0.6;
const SOUND_SHARE_MIN = 0.9;
/** Sent, but not counted at the other end yet when the figures are read; of little that was sent, no more than this share. */
const FRAMES_UNDER_WAY = 20;
const SOUND_UNDER_WAY = 50;
const UNDER_WAY_SHARE_MAX = 0.25;
/** What the busiest machine still sends, a second: whoever sends less was told to, or has stopped. */
const FRAMES_PER_SECOND_MIN = 3;
const SOUND_PER_SECOND_MIN = 25;

/** The least that must have arrived. */
function arrivedMin(sent: number, share: number, underWay: number): number {
  return sent * share - Math.min(underWay, sent * UNDER_WAY_SHARE_MAX);
}

/** Nothing stopped or was made anew between two moments, what was sent arrived, and nobody negotiated. */
export function flowedOn(before: Moment, after: Moment): void {
  expect(after.negotiations, 'offers made').toEqual(before.negotiations);
  expect(after.readings).toHaveLength(before.readings.length);
  after.readings.forEach((now, i) => {
    const then = before.readings[i];
    if (then === undefined) return;
    const what = `${now.from} at ${now.to}`;
    const grown = (kind: 'audio' | 'video', name: string): number =>
      figure(now[kind], name) - figure(then[kind], name);
    const sent = (name: keyof Sent): number =>
      (after.sent.get(now.from)?.[name] ?? 0) - (before.sent.get(now.from)?.[name] ?? 0);
    expect(now.video['ssrc'], `SSRC of ${what}`).toBe(then.video['ssrc']);
    expect(now.audio['ssrc'], `SSRC of ${what}`).toBe(then.audio['ssrc']);
    expect(grown('video', 'pliCount'), `requests for keyframes of ${what}`).toBe(0);
    stoodStill(what, grown('video', 'totalFreezesDuration'), grown('video', 'freezeCount'));
    const seconds = (after.atMs - before.atMs) / 1000;
    expect(sent('frames'), `frames that ${now.from} sent`).toBeGreaterThan(seconds * FRAMES_PER_SECOND_MIN);
    expect(sent('soundPackets'), `packets of sound that ${now.from} sent`).toBeGreaterThan(
      seconds * SOUND_PER_SECOND_MIN,
    );
    expect(grown('video', 'framesDecoded'), `frames of ${what}, of ${sent('frames')} sent`).toBeGreaterThan(
      arrivedMin(sent('frames'), FRAMES_SHARE_MIN, FRAMES_UNDER_WAY),
    );
    expect(
      grown('audio', 'packetsReceived'),
      `packets of sound of ${what}, of ${sent('soundPackets')} sent`,
    ).toBeGreaterThan(arrivedMin(sent('soundPackets'), SOUND_SHARE_MIN, SOUND_UNDER_WAY));
    concealedLittle(`the sound of ${what}`, (name) => grown('audio', name));
  });
}
