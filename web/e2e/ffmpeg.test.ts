import type { Page } from 'puppeteer-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Rgb } from './page/picture.ts';
import { chromium, harnessPage, type TestBrowser } from './support/browser.ts';
import { figure, isLive, seesAndHears, stream } from './support/expect-media.ts';
import { FfmpegPublisher } from './support/ffmpeg.ts';
import { Server } from './support/server.ts';
import { comesToRest, eventually, sleep } from './support/wait.ts';

/**
 * The product's bar is 1000 ms, and what is measured is told. At least one of those who join would take longer than this if
 * it had to wait for the encoder's next keyframe.
 */
const FIRST_FRAME_MS_MAX = 2500;
/** How far a late joiner's picture may stay behind when it has caught up, s. */
const BEHIND_S_MAX = 0.5;
const TEAL: Rgb = [20, 160, 160];
const TEAL_HEX = '0x14a0a0';

let server: Server;
let browser: TestBrowser;
let page: Page;
let ffmpeg: FfmpegPublisher | undefined;

beforeAll(async () => {
  server = await Server.start();
  browser = await chromium();
  page = await harnessPage(browser, server.url);
});

afterEach(() => ffmpeg?.kill());

afterAll(async () => {
  await browser.close();
  expect(await server.stop(), server.log).toBe(0);
});

function publish(room: string): FfmpegPublisher {
  ffmpeg = new FfmpegPublisher(`${server.url}/whip/${room}?identity=ffmpeg`, TEAL_HEX, 523);
  return ffmpeg;
}

async function firstFrame(viewer: string): Promise<number> {
  const ms = await eventually(
    `${viewer} sees a first frame`,
    () => {
      if (ffmpeg?.running !== true) throw new Error(`ffmpeg is gone: ${ffmpeg?.log ?? ''}`);
      return page.evaluate((who) => window.harness.firstFrameMs(who), viewer);
    },
    (time) => time !== null,
  );
  return ms ?? Infinity;
}

describe('ffmpeg by WHIP, Chromium by WHEP', () => {
  it('starts a viewer that came first when the publisher does, and ends with it', async () => {
    await page.evaluate(() => window.harness.watch('early', { room: 'early' }));
    await isLive(page, 'early');
    expect(await page.evaluate(() => window.harness.color('early'))).toBeNull();
    const publisher = publish('early');
    await firstFrame('early');
    await seesAndHears(page, 'early', 0, TEAL, 523);
    expect((await stream(page, 'early', 'video'))['mimeType']).toBe('video/H264');

    await publisher.interrupt();
    const decoded = async (): Promise<number> =>
      figure(await stream(page, 'early', 'video'), 'framesDecoded');
    await comesToRest('pictures', decoded, 1500);
    await page.evaluate(() => window.harness.stop('early'));
  });

  it('shows late joiners a first frame before the next keyframe, though ffmpeg takes no PLI', async () => {
    publish('late');
    await page.evaluate(() => window.harness.watch('witness', { room: 'late' }));
    await firstFrame('witness');
    // Joins spread over a group of pictures: at its start any server is fast.
    const times: number[] = [];
    for (const [index, pauseMs] of [700, 1100, 1300, 1700].entries()) {
      await sleep(pauseMs);
      await page.evaluate((i) => window.harness.watch(`late-${i}`, { room: 'late' }), index);
      times.push(Math.round(await firstFrame(`late-${index}`)));
    }
    console.log(`first frames of late joiners after ${times.join(', ')} ms`);
    expect(Math.max(...times)).toBeLessThan(FIRST_FRAME_MS_MAX);
    for (const index of times.keys()) {
      await seesAndHears(page, `late-${index}`, 0, TEAL, 523);
      expect(figure(await stream(page, `late-${index}`, 'video'), 'pliCount')).toBeLessThan(5);
    }
    // They began in the past, at the keyframe in the ring, and catch up.
    for (const index of times.keys()) {
      await eventually(
        `late-${index} is with the witness`,
        () => page.evaluate((i) => window.harness.behindS(`late-${i}`, 'witness'), index),
        (behind) => Math.abs(behind ?? Infinity) < BEHIND_S_MAX,
      );
    }
  });
});
