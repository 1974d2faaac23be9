import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { chromium, firefox, type TestBrowser } from './support/browser.ts';
import { BLUE, figure, GREEN, RED, stoodStill } from './support/expect-media.ts';
import { namespaceAddress } from './support/paths.ts';
import { Person } from './support/person.ts';
import { Server } from './support/server.ts';
import { eventually } from './support/wait.ts';

const ROOM = 'sizes';
/** The smallest of which Chromium sends three sizes. */
const LARGE = { width: 960, height: 540 };
const MIDDLE = { width: 480, height: 270 };
/** A bit less than the smallest size: a tile that is a bit larger may keep the picture that it has. */
const SMALL = { width: 212, height: 120 };
/** What is sent for each, by the tile's height. */
const HEIGHTS = new Map([
  [120, 135],
  [270, 270],
  [540, 540],
]);
/** From the large one: every way there is between two sizes. */
const WAY = [SMALL, LARGE, MIDDLE, SMALL, MIDDLE, LARGE];
const SWITCHES = 20;
/** For the codecs that are not everybody's first: down, up, half-way and up. */
const SHORT_WAY = [SMALL, LARGE, MIDDLE, LARGE];
/** Lines that a picture may differ from its half or quarter: VP9 and H264 make an even number of them. */
const ROUNDING = 2;
/** Asked for at joins, before the first switch, or repeated because the first went unanswered. */
const PLI_ALLOWANCE = 4;
/** The upper encodings start when the browser has seen bandwidth for them, some seconds after the first picture. */
const RAMP_UP_MS_MAX = 80_000;
const FOLLOW_MS_MAX = 30_000;

let server: Server;
let chrome: TestBrowser;
let gecko: TestBrowser;
let browsers: TestBrowser[] = [];

beforeAll(async () => {
  server = await Server.start({ address: namespaceAddress() });
  browsers = [(chrome = await chromium()), (gecko = await firefox())];
});

afterAll(async () => {
  for (const browser of browsers) await browser.close();
  expect(await server.stop(), server.log).toBe(0);
});

async function follows(
  viewer: Person,
  who: Person,
  height: number,
  withinMs: number,
  rounding = 0,
): Promise<void> {
  try {
    await eventually(
      `${viewer.name} is sent ${who.name} at a height of ${height}`,
      () => viewer.received(who.name, 'video', 'frameHeight'),
      (seen) => Math.abs(seen - height) <= rounding,
      withinMs,
    );
  } catch (error) {
    const slot = JSON.stringify(await viewer.slot(who.name, 'video'));
    const sent = (await who.outbound('video')).map((stat) =>
      [
        'rid',
        'active',
        'frameHeight',
        'framesPerSecond',
        'targetBitrate',
        'qualityLimitationReason',
        'pliCount',
      ]
        .map((name) => `${name} ${stat[name]}`)
        .join(', '),
    );
    const estimate = await who.uploadEstimate();
    throw new Error(
      `${String(error)}\nslot ${slot}\n${who.name} believes in ${estimate} bit/s and sends ${sent.join('\n')}`,
    );
  }
}

describe('the encoding follows the size of the tile, by VP8 in both browsers,', () => {
  let ann: Person;
  let ben: Person;
  let fox: Person;

  beforeAll(async () => {
    ann = await Person.open(chrome, server.url, 'ann');
    ben = await Person.open(chrome, server.url, 'ben');
    fox = await Person.open(gecko, server.url, 'fox');
    const common = { room: ROOM, size: LARGE, tile: LARGE };
    await ann.join({ ...common, color: RED });
    await ben.join({ ...common, color: GREEN });
    await fox.join({ ...common, color: BLUE });
    // Each looks at one: Chromium at Chromium and at Firefox, Firefox at Chromium.
    await ann.showOnly(['fox']);
    await ben.showOnly(['ann']);
    await fox.showOnly(['ben']);
  });

  // The next ones have the machine for themselves.
  afterAll(async () => {
    for (const person of [ann, ben, fox]) await person.page.close();
  });

  it('up and down twenty times, without a needless request for a keyframe', async () => {
    const pairs = [
      { viewer: ann, who: fox },
      { viewer: ben, who: ann },
      { viewer: fox, who: ben },
    ];
    await Promise.all(pairs.map(({ viewer, who }) => follows(viewer, who, LARGE.height, RAMP_UP_MS_MAX)));
    await Promise.all(
      pairs.map(async ({ viewer, who }) => {
        const before = (await viewer.inbound(who.name, 'video')) ?? {};
        const asked = await who.sent('video', 'pliCount');
        for (let i = 0; i < SWITCHES; i += 1) {
          const tile = WAY[i % WAY.length] ?? LARGE;
          await viewer.resize(tile);
          await follows(viewer, who, HEIGHTS.get(tile.height) ?? 0, FOLLOW_MS_MAX);
        }
        const after = (await viewer.inbound(who.name, 'video')) ?? {};
        const what = `${who.name} at ${viewer.name}: ${JSON.stringify(after)}`;
        expect(after['ssrc'], what).toBe(before['ssrc']);
        expect(after['mimeType'], what).toBe('video/VP8');
        const grown = (name: string): number => figure(after, name) - figure(before, name);
        expect(grown('pliCount'), what).toBe(0);
        stoodStill(`${who.name} at ${viewer.name}`, grown('totalFreezesDuration'), grown('freezeCount'));
        const keyframes = (await who.sent('video', 'pliCount')) - asked;
        console.log(
          `${who.name} was asked for ${keyframes} keyframes by ${viewer.name}'s ${SWITCHES} switches`,
        );
        expect(keyframes, what).toBeLessThanOrEqual(SWITCHES + PLI_ALLOWANCE);
      }),
    );
    for (const person of [ann, ben, fox]) expect(await person.negotiations()).toBe(1);
  });
});

describe('the encoding follows the size of the tile, from Chromium to Chromium,', () => {
  it.each(['h264', 'vp9', 'av1'] as const)('up and down by %s', async (codec) => {
    const room = `${ROOM}-${codec}`;
    const sender = await Person.open(chrome, server.url, 'sender');
    const viewer = await Person.open(chrome, server.url, 'viewer');
    await sender.join({ room, codec, color: RED, size: LARGE });
    await viewer.join({ room, codec, tile: LARGE });
    await follows(viewer, sender, LARGE.height, RAMP_UP_MS_MAX, ROUNDING);
    const before = (await viewer.inbound(sender.name, 'video')) ?? {};
    for (const tile of SHORT_WAY) {
      await viewer.resize(tile);
      await follows(viewer, sender, HEIGHTS.get(tile.height) ?? 0, FOLLOW_MS_MAX, ROUNDING);
    }
    const after = (await viewer.inbound(sender.name, 'video')) ?? {};
    const grown = (name: string): number => figure(after, name) - figure(before, name);
    const what = `${codec}: ${JSON.stringify(after)}`;
    stoodStill(codec, grown('totalFreezesDuration'), grown('freezeCount'));
    expect(after['mimeType'], what).toBe(`video/${codec.toUpperCase()}`);
    expect(after['ssrc'], what).toBe(before['ssrc']);
    expect(grown('pliCount'), what).toBe(0);
    expect(await viewer.negotiations()).toBe(1);
    await sender.page.close();
    await viewer.page.close();
  });
});
