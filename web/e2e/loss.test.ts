import type { Page } from 'puppeteer-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { chromium, harnessPage, type TestBrowser } from './support/browser.ts';
import { BLUE, figure, isLive, seesAndHears, stoodStill, stream } from './support/expect-media.ts';
import { Relay } from './support/relay.ts';
import { Server } from './support/server.ts';
import { eventually, sleep } from './support/wait.ts';

const LOSS = 'loss=5%';
const SEED = 20_261_121;
const WATCH_MS = 12_000;

/** Of what was sent; the rest is repeated too late now and then. */
const FRAMES_SHARE_MIN = 0.85;
/** Sent, but not decoded yet, when the figures are read. */
const FRAMES_UNDER_WAY = 20;

let server: Server;
let browser: TestBrowser;
let page: Page;
let relay: Relay;

beforeAll(async () => {
  // One shard's port is all that the relay leads to.
  server = await Server.start({ shards: 1 });
  relay = await Relay.start(server, { up: LOSS, down: LOSS, seed: SEED });
  browser = await chromium();
  page = await harnessPage(browser, server.url);
});

afterAll(async () => {
  await browser.close();
  await relay.close();
  expect(await server.stop(), server.log).toBe(0);
});

describe('with 5 % of datagrams lost each way, on both legs', () => {
  it('video plays on, and the counters show why', async () => {
    const relayPort = relay.port;
    await page.evaluate(
      (port, color) =>
        window.harness.publish('lossy', {
          room: 'lossy',
          identity: 'lossy',
          color,
          pitch: 700,
          codec: 'vp8',
          relayPort: port,
        }),
      relayPort,
      BLUE,
    );
    await isLive(page, 'lossy');
    await page.evaluate(
      (port) => window.harness.watch('viewer', { room: 'lossy', relayPort: port }),
      relayPort,
    );
    await seesAndHears(page, 'viewer', 0, BLUE, 700);
    const before = await stream(page, 'viewer', 'video');
    const sentBefore = await stream(page, 'lossy', 'video');

    await sleep(WATCH_MS);

    const after = await stream(page, 'viewer', 'video');
    const sent = await stream(page, 'lossy', 'video');
    const decoded = figure(after, 'framesDecoded') - figure(before, 'framesDecoded');
    const [lostUp, lostDown] = [await relay.total('up', 'lost'), await relay.total('down', 'lost')];
    console.log(
      `lost ${lostUp} of ${await relay.total('up', 'came')} up, ${lostDown} of ` +
        `${await relay.total('down', 'came')} down; ${decoded} frames; viewer sent ${figure(after, 'nackCount')} NACK and ` +
        `${figure(after, 'pliCount')} PLI, took ${figure(after, 'retransmittedPacketsReceived')} repeats; publisher took ` +
        `${figure(sent, 'nackCount')} NACK and ${figure(sent, 'pliCount')} PLI, repeated ` +
        `${figure(sent, 'retransmittedPacketsSent')}; frozen ${figure(after, 'totalFreezesDuration')} s`,
    );
    expect(lostUp).toBeGreaterThan(10);
    expect(lostDown).toBeGreaterThan(10);
    const frames = figure(sent, 'framesSent') - figure(sentBefore, 'framesSent');
    expect(decoded, `of ${frames} sent`).toBeGreaterThan(frames * FRAMES_SHARE_MIN - FRAMES_UNDER_WAY);
    // Without repeats a freeze ends only at the next keyframe.
    const grown = (name: string): number => figure(after, name) - figure(before, name);
    stoodStill('the viewer', grown('totalFreezesDuration'), grown('freezeCount'));
    // Both legs are mended by retransmission: the viewer's out of the server's ring, the server's by the publisher.
    expect(figure(after, 'nackCount')).toBeGreaterThan(0);
    expect(figure(after, 'retransmittedPacketsReceived')).toBeGreaterThan(0);
    expect(figure(sent, 'nackCount')).toBeGreaterThan(0);
    expect(figure(sent, 'retransmittedPacketsSent')).toBeGreaterThan(0);
    await seesAndHears(page, 'viewer', 0, BLUE, 700);
  });
});

describe('a path that falls silent', () => {
  it('comes back by an ICE restart over the same session', async () => {
    const calm = await Relay.start(server);
    await page.evaluate(
      (port, color) =>
        window.harness.publish('steady', {
          room: 'silent',
          identity: 'steady',
          color,
          pitch: 600,
          relayPort: port,
        }),
      relay.port,
      BLUE,
    );
    await isLive(page, 'steady');
    await page.evaluate(
      (port) => window.harness.watch('patient', { room: 'silent', relayPort: port }),
      calm.port,
    );
    await seesAndHears(page, 'patient', 0, BLUE, 600);
    const opened = await page.evaluate(() => window.harness.connections());
    const state = (): Promise<string> => page.evaluate(() => window.harness.state('patient').kind);

    await calm.change('both blackout');
    await eventually('the silence is noticed', state, (kind) => kind === 'reconnecting');
    await calm.change('both clear');
    await eventually('the path is back', state, (kind) => kind === 'live');

    await seesAndHears(page, 'patient', 0, BLUE, 600);
    expect(await page.evaluate(() => window.harness.connections())).toBe(opened);
    await calm.close();
  });
});
