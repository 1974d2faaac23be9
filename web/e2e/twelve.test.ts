import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { chromium, type TestBrowser } from './support/browser.ts';
import { lostNothing, stoodStill } from './support/expect-media.ts';
import { datagramsDropped } from './support/kernel.ts';
import { LoadPublishers } from './support/load.ts';
import { Person } from './support/person.ts';
import { Server } from './support/server.ts';
import { comesToRest, eventually, sleep } from './support/wait.ts';

const PUBLISHERS = 12;
const WATCH_MS = 10_000;
/** The clips run at 25; a machine that draws twelve of them may not keep up. */
const FRAMES_PER_SECOND_MIN = 5;
/** For how long nothing comes of what is hidden. */
const HIDDEN_MS = 2_000;
/** Four by three of them fill the window. */
const TILE = { width: 192, height: 108 };

let server: Server;
let browser: TestBrowser;
let publishers: LoadPublishers;
let viewer: Person;

beforeAll(async () => {
  server = await Server.start();
  publishers = new LoadPublishers(server.url, PUBLISHERS);
  browser = await chromium();
  viewer = await Person.open(browser, server.url, 'viewer');
});

afterAll(async () => {
  await browser.close();
  await publishers.stop();
  expect(await server.stop(), server.log).toBe(0);
});

const frames = (): Promise<number[]> =>
  Promise.all(publishers.identities.map((identity) => viewer.framesShown(identity)));
const grown = (name: string): Promise<number[]> =>
  Promise.all(publishers.identities.map((identity) => viewer.received(identity, 'video', name)));
const frozen = (): Promise<number[]> => grown('totalFreezesDuration');
const lost = (): Promise<number[]> => grown('packetsLost');

describe('twelve headless publishers and one Chromium with twelve tiles', () => {
  it(`all play on for ${WATCH_MS / 1000} s`, async () => {
    await viewer.join({ room: publishers.room, tile: TILE });
    try {
      await viewer.isWith(publishers.identities);
    } catch (error) {
      throw new Error(`${String(error)}\n${publishers.log}`);
    }
    await eventually('all twelve play', frames, (all) => all.every((count) => count > 0));
    const negotiations = await viewer.negotiations();
    const dropped = datagramsDropped();
    const [before, frozenBefore, lostBefore] = [await frames(), await frozen(), await lost()];
    await sleep(WATCH_MS);
    const [after, frozenAfter, lostAfter] = [await frames(), await frozen(), await lost()];
    for (const [i, identity] of publishers.identities.entries()) {
      const shown = (after[i] ?? 0) - (before[i] ?? 0);
      expect(shown, `pictures of ${identity}`).toBeGreaterThan((WATCH_MS / 1000) * FRAMES_PER_SECOND_MIN);
      stoodStill(identity, (frozenAfter[i] ?? 0) - (frozenBefore[i] ?? 0));
      lostNothing(identity, (lostAfter[i] ?? 0) - (lostBefore[i] ?? 0), datagramsDropped() - dropped);
    }
    expect(await viewer.negotiations()).toBe(negotiations);
    expect(await viewer.connections()).toBe(1);
  });

  it('what is out of sight is not sent, and comes back', async () => {
    // Twelve of these do not fit: the last ones are below the window's edge.
    await viewer.resize({ width: 600, height: 500 });
    const last = publishers.identities.at(-1) ?? '';
    const state = async (): Promise<string> => (await viewer.slot(last, 'video'))?.state ?? 'none';
    await eventually('the last is hidden', state, (now) => now === 'hidden');
    const packets = (): Promise<number> => viewer.received(last, 'video', 'packetsReceived');
    // Those sent before the server heard of it may still come.
    await comesToRest(`packets of ${last}, hidden`, packets, HIDDEN_MS);
    await viewer.resize(TILE);
    const shown = await viewer.framesShown(last);
    await eventually(
      'the last plays',
      () => viewer.framesShown(last),
      (count) => count > shown + 10,
    );
  });
});
