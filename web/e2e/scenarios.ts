import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'puppeteer-core';
import { afterAll, beforeAll, beforeEach, describe, it } from 'vitest';
import { chromium, harnessPage, type TestBrowser } from './support/browser.ts';
import { figure, stream } from './support/expect-media.ts';
import { LoadPublishers } from './support/load.ts';
import { target } from './support/paths.ts';
import { Relay } from './support/relay.ts';
import { Server } from './support/server.ts';
import { asked, table, type Row } from './support/scenario-table.ts';
import { eventually, sleep } from './support/wait.ts';
import { Watching } from './support/watching.ts';

// `make scenarios`: what a person in Chromium sees over bad links, as a table. A headless client sends what was encoded before, in
// three sizes, so that the browser alone takes processor time; nothing is asserted, as everything shares one machine.

const WIDE = 'rate=3M,delay=25ms,queue=1000ms';
const NARROW = 'rate=300k,delay=25ms,queue=1000ms';
const WIDE_BPS = 3_000_000;
const NARROW_BPS = 300_000;
/** Of the largest that is sent. */
const LARGE_LINES = 360;
/** Until a change of the delay is over, and the estimate has found the link again, ms. */
const SETTLE_MS = 8_000;
const WATCH_MS = 15_000;
const BLACKOUT_MS = 3_000;
const FOLLOWS_MS_MAX = 60_000;
const JOINS = 12;

let server: Server;
let sender: LoadPublishers;
let link: Relay;
let browser: TestBrowser;
let page: Page;
const rows: Row[] = [];
let viewers = 0;
/** Who looks over the link; another in each scenario, who remembers nothing of the one before. */
let far = '';

beforeAll(async () => {
  server = await Server.start({ shards: 1 });
  sender = new LoadPublishers(server.url, 1, 'simulcast');
  link = await Relay.start(server, { seed: 20_261_122 });
  browser = await chromium();
  page = await harnessPage(browser, server.url);
  // Whom nothing comes between: what the other is behind is measured against it.
  await page.evaluate((room) => window.harness.watch('near', { room }), sender.room);
});

beforeEach(async () => {
  await link.change('both clear');
  if (far !== '') await page.evaluate((name) => window.harness.stop(name), far);
  viewers += 1;
  far = `far-${viewers}`;
  await page.evaluate(
    (name, room, relayPort) => window.harness.watch(name, { room, relayPort }),
    far,
    sender.room,
    link.port,
  );
  await hasLines((now) => now === LARGE_LINES);
});

afterAll(async () => {
  await browser.close();
  await sender.stop();
  await link.close();
  await server.stop();
  const text = table(rows);
  writeFileSync(join(target, 'scenarios.md'), text);
  console.log(`\n${text}\nalso in ${join(target, 'scenarios.md')}`);
});

/** How long it takes until the picture has so many lines, ms; null: that is awaited in vain. */
async function hasLines(isSo: (lines: number) => boolean): Promise<number | null> {
  const from = Date.now();
  const lines = async (): Promise<number> =>
    figure(await stream(page, far, 'video').catch(() => ({})), 'frameHeight');
  const told = await eventually('another size', lines, isSo, FOLLOWS_MS_MAX).catch(() => null);
  return told === null ? null : Date.now() - from;
}

const after = (what: string, ms: number | null): string =>
  ms === null ? `not ${what} within ${FOLLOWS_MS_MAX / 1000} s` : `${what} after ${(ms / 1000).toFixed(1)} s`;

const shown = (): Promise<readonly number[]> => page.evaluate((name) => window.harness.shownMs(name), far);

/** The viewer's link is so, and the pictures are watched once that has settled. */
async function steadily(scenario: string, bar: string, spec: string, capacityBps?: number): Promise<void> {
  await link.change(`both ${spec}`);
  await sleep(SETTLE_MS);
  const watching = await Watching.begin(page, far, 'near');
  await sleep(WATCH_MS);
  rows.push({ scenario, bar, ...(await watching.end(capacityBps)) });
}

describe('over a link that', () => {
  it('is as it should be', () => steadily('nothing between', '', 'clear'));

  it('loses a little', () =>
    steadily('5 % lost, 50 ± 20 ms', '≥ 28 fps, frozen < 1 %', 'delay=50ms,jitter=20ms,loss=5%'));

  it('loses much', () =>
    steadily('20 % lost, 100 ± 50 ms', '≥ 15 fps, freeze ≤ 1.5 s', 'delay=100ms,jitter=50ms,loss=20%'));

  it('is away', async () => {
    await sleep(SETTLE_MS);
    const watching = await Watching.begin(page, far, 'near');
    const returned = Date.now() + BLACKOUT_MS;
    await link.change(`both 0s:blackout;${BLACKOUT_MS}ms:clear`);
    await sleep(WATCH_MS);
    const back = ((await shown()).find((at) => at > returned) ?? Infinity) - returned;
    const found = await watching.end();
    rows.push({
      ...{ scenario: 'away for 3 s', bar: 'back ≤ 1 s', ...found },
      told: `back after ${(back / 1000).toFixed(2)} s`,
    });
  });

  it('falls to a tenth and comes back', async () => {
    await link.change(`down ${WIDE}`);
    await sleep(SETTLE_MS);
    const wide = await Watching.begin(page, far, 'near');
    await sleep(WATCH_MS);
    rows.push({
      ...{ scenario: '3 Mbit/s', bar: '≥ 80 % used' },
      ...(await wide.end(WIDE_BPS)),
    });
    const falling = await Watching.begin(page, far, 'near');
    await link.change(`down ${NARROW}`);
    const down = await hasLines((now) => now < LARGE_LINES);
    await sleep(SETTLE_MS);
    const fell = await falling.end();
    const queue = Math.max(
      ...(await link.report()).clients.slice(-1).map(({ down: way }) => way.queue_ms_max),
    );
    rows.push({
      ...{ scenario: '… falls to 300 kbit/s', bar: 'down ≤ 2 s, queue ≤ 250 ms', ...fell },
      told: `${after('down', down)}, queue ${queue.toFixed(0)} ms`,
    });
    const narrow = await Watching.begin(page, far, 'near');
    await sleep(WATCH_MS);
    rows.push({
      ...{ scenario: '… stays there', bar: '≥ 80 % used' },
      ...(await narrow.end(NARROW_BPS)),
    });
    const rising = await Watching.begin(page, far, 'near');
    await link.change(`down ${WIDE}`);
    const up = await hasLines((now) => now === LARGE_LINES);
    rows.push({
      ...{ scenario: '… is wide again', bar: 'up ≤ 15 s', ...(await rising.end()) },
      told: after('up', up),
    });
  });
});

describe('who joins a running room', () => {
  it('is shown it soon', async () => {
    const took: number[] = [];
    for (let i = 0; i < JOINS; i += 1) {
      const who = `joiner-${i}`;
      await page.evaluate((name, room) => window.harness.watch(name, { room }), who, sender.room);
      const first = (): Promise<number | null> =>
        page.evaluate((name) => window.harness.firstFrameMs(name), who);
      took.push((await eventually(`${who} sees something`, first, (ms) => ms !== null)) ?? Infinity);
      await page.evaluate((name) => window.harness.stop(name), who);
    }
    rows.push({
      scenario: `${JOINS} join, one after another`,
      bar: 'first frame p95 ≤ 0.7 s',
      told: asked(took),
    });
  });
});
