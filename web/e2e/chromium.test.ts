import type { Page } from 'puppeteer-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { chromium, harnessPage, type TestBrowser } from './support/browser.ts';
import type { RtpStats } from './page/harness.ts';
import {
  BLUE,
  concealedLittle,
  figure,
  GREEN,
  isColor,
  isLive,
  lostNothing,
  playsOn,
  RED,
  seesAndHears,
  stoodStill,
  stream,
} from './support/expect-media.ts';
import { datagramsDropped } from './support/kernel.ts';
import { Server } from './support/server.ts';
import { eventually, sleep } from './support/wait.ts';

const PADDED = 'sfu_rtp_padded_packets_total';
const WATCH_MS = 20_000;

let server: Server;
let browsers: TestBrowser[];
let publishing: Page;
let watching: Page;

beforeAll(async () => {
  server = await Server.start();
  browsers = [await chromium(), await chromium()];
  const [first, second] = browsers;
  if (first === undefined || second === undefined) throw new Error('two browsers');
  publishing = await harnessPage(first, server.url);
  watching = await harnessPage(second, server.url);
});

afterAll(async () => {
  for (const browser of browsers) await browser.close();
  expect(await server.stop(), server.log).toBe(0);
});

async function publish(
  name: string,
  room: string,
  color: typeof RED,
  pitch: number,
  codec = 'vp8',
): Promise<void> {
  await publishing.evaluate((who, request) => window.harness.publish(who, request), name, {
    room,
    identity: name,
    color,
    pitch,
    codec: codec as 'vp8',
  });
  await isLive(publishing, name);
}

describe('Chromium to Chromium', () => {
  let padded = 0;

  beforeAll(async () => {
    padded = await server.metric(PADDED);
  });

  // Side by side, each in a room of its own.
  it.concurrent.each([
    ['vp8', 'video/VP8'],
    ['vp9', 'video/VP9'],
    ['h264', 'video/H264'],
    ['av1', 'video/AV1'],
  ])(
    'shows the right colour, sounds the right pitch, and plays 20 s by %s and Opus',
    async (codec, mimeType) => {
      const room = `codec-${codec}`;
      await publish(room, room, GREEN, 660, codec);
      await watching.evaluate((who) => window.harness.watch(who, { room: who }), room);
      await seesAndHears(watching, room, 0, GREEN, 660);
      const sent = (): Promise<RtpStats> => stream(publishing, room, 'video');
      const seen = (): Promise<RtpStats> => stream(watching, room, 'video');
      const heard = (): Promise<RtpStats> => stream(watching, room, 'audio');
      expect((await sent())['mimeType']).toBe(mimeType);
      expect((await seen())['mimeType']).toBe(mimeType);
      expect((await heard())['mimeType']).toBe('audio/opus');

      const dropped = datagramsDropped();
      const before = await heard();
      await playsOn(codec, sent, seen, WATCH_MS);
      const after = await heard();
      const grown = (name: string): number => figure(after, name) - figure(before, name);
      lostNothing(`the sound beside ${codec}`, grown('packetsLost'), datagramsDropped() - dropped);
      concealedLittle(`the sound beside ${codec}`, grown);
      await seesAndHears(watching, room, 0, GREEN, 660);

      await watching.evaluate((who) => window.harness.stop(who), room);
      await publishing.evaluate((who) => window.harness.stop(who), room);
    },
  );

  // libwebrtc cuts a frame into packets that differ by one byte; the server makes them alike and sends them at once.
  it('minds no padding', async () => {
    const packets = (await server.metric(PADDED)) - padded;
    console.log(`Chromium to Chromium: ${packets} packets were padded`);
    expect(packets).toBeGreaterThan(0);
  });
});

describe('a room with two publishers', () => {
  it('never crosses them', async () => {
    await publish('anna', 'pair', RED, 440);
    await publish('bert', 'pair', BLUE, 880);
    await watching.evaluate(() =>
      window.harness.watch('both', { room: 'pair', slots: 2, watch: 'bert,anna' }),
    );
    for (let look = 0; look < 10; look += 1) {
      await seesAndHears(watching, 'both', 0, BLUE, 880);
      await seesAndHears(watching, 'both', 1, RED, 440);
      await sleep(300);
    }
    await watching.evaluate(() => window.harness.stop('both'));
  });

  it('shows each of them to a viewer that names nobody', async () => {
    await watching.evaluate(() => window.harness.watch('any', { room: 'pair', slots: 2 }));
    const colors = await eventually(
      'both are seen',
      () => watching.evaluate(() => [window.harness.color('any', 0), window.harness.color('any', 1)]),
      (seen) => seen.every((color) => isColor(color, RED) || isColor(color, BLUE)),
    );
    expect(colors.filter((color) => isColor(color, RED))).toHaveLength(1);
    const redSlot = isColor(colors[0] ?? null, RED) ? 0 : 1;
    // Voice and face of one publisher share a slot.
    await seesAndHears(watching, 'any', redSlot, RED, 440);
    await seesAndHears(watching, 'any', 1 - redSlot, BLUE, 880);
    await watching.evaluate(() => window.harness.stop('any'));
    for (const name of ['anna', 'bert']) await publishing.evaluate((who) => window.harness.stop(who), name);
  });
});

describe('the upload', () => {
  const VIEWERS = 10;
  const MEASURE_MS = 5_000;
  /** The encoder's own ups and downs are under 5 %, on a machine that keeps up; another copy would double it. */
  const RATIO_MAX = 1.5;

  async function sentIn(milliseconds: number): Promise<number> {
    const sent = async (): Promise<number> => {
      const all = await publishing.evaluate(() => window.harness.rtp('one'));
      return all.reduce((sum, stat) => sum + figure(stat, 'bytesSent') + figure(stat, 'headerBytesSent'), 0);
    };
    const before = await sent();
    await sleep(milliseconds);
    return (await sent()) - before;
  }

  it('goes out once, on one connection, whether one watches or ten', async () => {
    const opened = await publishing.evaluate(() => window.harness.connections());
    await publish('one', 'upload', GREEN, 500);
    const watch = async (index: number): Promise<void> => {
      await watching.evaluate((i) => window.harness.watch(`viewer-${i}`, { room: 'upload' }), index);
      await seesAndHears(watching, `viewer-${index}`, 0, GREEN, 500);
    };
    await watch(0);
    await sleep(3000);
    const withOne = await sentIn(MEASURE_MS);
    for (let index = 1; index < VIEWERS; index += 1) await watch(index);
    await sleep(1000);
    const withTen = await sentIn(MEASURE_MS);
    console.log(
      `upload in ${MEASURE_MS / 1000} s: ${withOne} bytes to 1 viewer, ${withTen} bytes to ${VIEWERS}: ` +
        `${((100 * withTen) / withOne - 100).toFixed(1)} % more`,
    );
    expect(withTen / withOne).toBeLessThan(RATIO_MAX);
    expect((await publishing.evaluate(() => window.harness.connections())) - opened).toBe(1);
    expect(await publishing.evaluate(() => window.harness.transports('one'))).toBe(1);
    for (let index = 0; index < VIEWERS; index += 1) {
      const video = await stream(watching, `viewer-${index}`, 'video');
      stoodStill(`viewer ${index}`, figure(video, 'totalFreezesDuration'), figure(video, 'freezeCount'));
      await watching.evaluate((i) => window.harness.stop(`viewer-${i}`), index);
    }
    await publishing.evaluate(() => window.harness.stop('one'));
  });
});
