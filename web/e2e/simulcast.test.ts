import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { chromium, firefox, type TestBrowser } from './support/browser.ts';
import { BLUE, figure, GREEN, RED } from './support/expect-media.ts';
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
/** Asked for at joins, before the first switch, or repeated because the first went unanswered. */
const PLI_ALLOWANCE = 4;
/** The upper encodings start when the browser has seen bandwidth for them, some seconds after the first picture. */
const RAMP_UP_MS_MAX = 40_000;
const FOLLOW_MS_MAX = 15_000;

let server: Server;
let browsers: TestBrowser[];
let ann: Person;
let ben: Person;
let fox: Person;

beforeAll(async () => {
  server = await Server.start({ address: namespaceAddress() });
  browsers = await Promise.all([chromium(), firefox()]);
  const [chrome, gecko] = browsers;
  if (chrome === undefined || gecko === undefined) throw new Error('two browsers');
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
}, 120_000);

afterAll(async () => {
  for (const browser of browsers) await browser.close();
  expect(await server.stop(), server.log).toBe(0);
});

async function follows(viewer: Person, who: Person, height: number, withinMs: number): Promise<void> {
  try {
    await eventually(
      `${viewer.name} is sent ${who.name} at a height of ${height}`,
      () => viewer.received(who.name, 'video', 'frameHeight'),
      (seen) => seen === height,
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

describe('the encoding follows the size of the tile', () => {
  it('up and down twenty times, without a freeze or a needless request for a keyframe', async () => {
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
        expect(figure(after, 'freezeCount') - figure(before, 'freezeCount'), what).toBe(0);
        expect(figure(after, 'pliCount') - figure(before, 'pliCount'), what).toBe(0);
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
