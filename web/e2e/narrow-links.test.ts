import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { chromium, type TestBrowser } from './support/browser.ts';
import { BLUE, GREEN } from './support/expect-media.ts';
import { Person } from './support/person.ts';
import { Relay } from './support/relay.ts';
import { Server } from './support/server.ts';
import { eventually, sleep } from './support/wait.ts';

// What a person would want of a link that falls from 3 Mbit/s to 300 kbit/s and comes back: a smaller picture within 2 s, no
// queue beyond 250 ms, and the large one again within 15 s. One machine runs everything here, so that the figures are printed, and
// what is asserted is that it comes about at all.

const LARGE = { width: 960, height: 540 };
const WIDE = 'rate=3M,delay=25ms,queue=1000ms';
const NARROW = 'rate=300k,delay=25ms,queue=1000ms';
const FOLLOWS_MS_MAX = 30_000;
const WATCH_MS = 10_000;
/** More than what was on its way. */
const SOME_FRAMES = 15;

let server: Server;
let browser: TestBrowser;
let link: Relay;
let ann: Person;
let ben: Person;

beforeAll(async () => {
  server = await Server.start({ shards: 1 });
  link = await Relay.start(server, { down: WIDE, seed: 20_261_122 });
  browser = await chromium();
  ann = await Person.open(browser, server.url, 'ann');
  ben = await Person.open(browser, server.url, 'ben');
  const common = { room: 'narrow', size: LARGE, tile: LARGE };
  await ann.join({ ...common, color: BLUE });
  await ben.join({ ...common, color: GREEN, relayPort: link.port });
  await ben.showOnly(['ann']);
});

afterAll(async () => {
  await browser.close();
  await link.close();
  expect(await server.stop(), server.log).toBe(0);
});

const height = (): Promise<number> => ben.received('ann', 'video', 'frameHeight');
const frozenMs = async (): Promise<number> =>
  1000 * (await ben.received('ann', 'video', 'totalFreezesDuration'));

/** How long it takes until the picture's height is as wanted, ms. */
async function until(what: string, isSo: (height: number) => boolean): Promise<number> {
  const from = Date.now();
  await eventually(what, height, isSo, FOLLOWS_MS_MAX);
  return Date.now() - from;
}

describe('a link that falls to a tenth, and comes back', () => {
  it('has a smaller picture while it is narrow, whose tile says so, and the large one again', async () => {
    await eventually('the large picture over the wide link', height, (seen) => seen === LARGE.height, 80_000);
    const { clients } = await link.report();
    const before = await frozenMs();
    await link.change(`down ${NARROW}`);
    const down = await until('a smaller picture', (seen) => seen < LARGE.height);
    await eventually(
      'the tile says why',
      () => ben.slot('ann', 'video'),
      (slot) => slot?.limitedBy === 'link',
    );
    await sleep(2_000);
    const settled = await frozenMs();
    const framesBefore = await ben.received('ann', 'video', 'framesDecoded');
    await sleep(WATCH_MS);
    const frames = (await ben.received('ann', 'video', 'framesDecoded')) - framesBefore;
    const frozen = (await frozenMs()) - settled;
    const narrow = await eventually(
      'pictures over the narrow link',
      () => ben.received('ann', 'video', 'framesDecoded'),
      (seen) => seen > framesBefore + SOME_FRAMES,
      FOLLOWS_MS_MAX,
    );
    await link.change(`down ${WIDE}`);
    const up = await until('the large picture again', (seen) => seen === LARGE.height);
    await eventually(
      'the tile says nothing',
      () => ben.slot('ann', 'video'),
      (slot) => slot?.limitedBy === null,
    );
    console.log(
      `narrow: a smaller picture after ${down} ms, ${settled - before} ms frozen meanwhile; then ` +
        `${((1000 * frames) / WATCH_MS).toFixed(1)} frames/s, frozen ${frozen} ms of ${WATCH_MS}; the large one ${up} ms after the link was wide`,
    );
    expect(clients.length).toBe(1);
    expect(narrow, 'pictures went on while the link was narrow, or came again').toBeGreaterThan(
      framesBefore + SOME_FRAMES,
    );
  });
});
