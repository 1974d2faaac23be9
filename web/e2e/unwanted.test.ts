import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { chromium, firefox, type TestBrowser } from './support/browser.ts';
import { BLUE, figure, GREEN, RED } from './support/expect-media.ts';
import { namespaceAddress } from './support/paths.ts';
import { Person } from './support/person.ts';
import { Server } from './support/server.ts';
import { eventually, sleep } from './support/wait.ts';

const ROOM = 'unwanted';
/** The smallest of which browsers send three sizes. */
const LARGE = { width: 960, height: 540 };
const SMALL = { width: 212, height: 120 };
const SMALL_LINES = 135;
/** The upper encodings start when the browser has seen bandwidth for them, some seconds after the first picture. */
const RAMP_UP_MS_MAX = 80_000;
/** Eight seconds after nobody wants it, and what a busy machine takes. */
const OFF_MS_MAX = 30_000;
/** A second is what is hoped for; what it took is told. */
const ON_MS_MAX = 15_000;
/** How long an encoding that is switched off must bring nothing, ms. */
const STILL_MS = 3_000;

let server: Server;
let browsers: TestBrowser[] = [];
let ann: Person;
let fox: Person;
let vera: Person;

beforeAll(async () => {
  server = await Server.start({ address: namespaceAddress() });
  browsers = [await chromium(), await firefox()];
  const [chrome, gecko] = browsers as [TestBrowser, TestBrowser];
  ann = await Person.open(chrome, server.url, 'ann');
  fox = await Person.open(gecko, server.url, 'fox');
  vera = await Person.open(chrome, server.url, 'vera');
  await ann.join({ room: ROOM, color: RED, size: LARGE });
  await fox.join({ room: ROOM, color: BLUE, size: LARGE });
  for (const person of [ann, fox]) await person.showOnly([]);
  await vera.join({ room: ROOM, color: GREEN, tile: LARGE });
});

afterAll(async () => {
  for (const browser of browsers) await browser.close();
  expect(await server.stop(), server.log).toBe(0);
});

/** Bytes sent so far of each encoding, by RID. */
async function bytes(who: Person): Promise<ReadonlyMap<string, number>> {
  const all = await who.outbound('video');
  return new Map(all.map((stat) => [String(stat['rid']), figure(stat, 'bytesSent')]));
}

/** RIDs of the encodings that somebody sends within a while. */
async function sends(who: Person): Promise<string[]> {
  const before = await bytes(who);
  await sleep(STILL_MS);
  const after = await bytes(who);
  return [...after]
    .filter(([rid, sent]) => sent > (before.get(rid) ?? 0))
    .map(([rid]) => rid)
    .sort();
}

async function shown(who: Person, lines: number, withinMs: number): Promise<number> {
  const beganAtMs = Date.now();
  await eventually(
    `vera is sent ${who.name} at a height of ${lines}`,
    () => vera.received(who.name, 'video', 'frameHeight'),
    (height) => height === lines,
    withinMs,
  );
  return Date.now() - beganAtMs;
}

describe('an encoding that nobody is shown', () => {
  it.each([
    ['Chromium', () => ann],
    ['Firefox', () => fox],
  ] as const)('is not sent by %s, and comes back when a tile grows', async (_, who) => {
    const publisher = who();
    await vera.showOnly([publisher.name]);
    await vera.resize(LARGE);
    await shown(publisher, LARGE.height, RAMP_UP_MS_MAX);
    for (let round = 0; round < 2; round += 1) {
      await vera.resize(SMALL);
      await shown(publisher, SMALL_LINES, ON_MS_MAX);
      await eventually(
        `${publisher.name} sends the smallest alone`,
        () => sends(publisher),
        (rids) => rids.join() === 'q',
        OFF_MS_MAX,
      );
      await vera.resize(LARGE);
      const tookMs = await shown(publisher, LARGE.height, ON_MS_MAX);
      console.log(`${publisher.name}'s large picture is back after ${tookMs} ms`);
      expect(await sends(publisher)).toEqual(['f', 'q']);
    }
    const freezes = await vera.received(publisher.name, 'video', 'freezeCount');
    console.log(`vera saw ${freezes} freezes of ${publisher.name}`);
    expect(await publisher.negotiations()).toBe(1);
  });
});
