import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { chromium, firefox, type TestBrowser } from './support/browser.ts';
import { BLUE, figure, RED } from './support/expect-media.ts';
import { namespaceAddress } from './support/paths.ts';
import { Person } from './support/person.ts';
import { OTHERS, RoomPage } from './support/room-page.ts';
import { Server } from './support/server.ts';
import { eventually, sleep } from './support/wait.ts';

/** Small enough for one encoding alone: nothing but its frames can be spared. */
const SMALL = { width: 320, height: 180 };
/** What pictures take is known to the server after some seconds. */
const MEASURED_MS = 8_000;
/** Frames and bits are counted for so long. */
const COUNT_MS = 4_000;
const FOLLOW_MS_MAX = 20_000;
/** Of all frames half are sent, or a quarter; a machine that does much else counts badly. */
const FEWER = { atLeast: 0.15, atMost: 0.65 };
/** Of the smallest picture: more than two layers of three take, and less than all. */
const SHARE = 0.8;

let server: Server;
let chrome: TestBrowser;
let gecko: TestBrowser;

beforeAll(async () => {
  server = await Server.start({ address: namespaceAddress() });
  [chrome, gecko] = [await chromium(), await firefox()];
});

afterAll(async () => {
  await chrome.close();
  await gecko.close();
  expect(await server.stop(), server.log).toBe(0);
});

/** Somebody who looks at what one other sends. */
async function looks(room: string, name: string): Promise<RoomPage> {
  const page = await RoomPage.blank(chrome);
  await page.page.setViewport({ width: 1280, height: 800 });
  const look = `identity=${name}&name=${name}&autojoin&camera=off&microphone=off`;
  await page.page.goto(`${server.url}/rooms/${room}?${look}`);
  await page.isIn();
  await page.sees(1);
  return page;
}

/** What a sender's sections take on the wire, bit/s, and how many pictures it encodes in a second. */
async function sends(who: Person): Promise<{ video: number; all: number; framesPerSecond: number }> {
  const bits = async (kind: 'audio' | 'video'): Promise<number> =>
    (await who.outbound(kind)).reduce(
      (sum, stat) => sum + 8 * (figure(stat, 'bytesSent') + figure(stat, 'headerBytesSent')),
      0,
    );
  const frames = async (): Promise<number> =>
    (await who.outbound('video')).reduce((sum, stat) => sum + figure(stat, 'framesEncoded'), 0);
  const [audio, video, encoded, at] = [await bits('audio'), await bits('video'), await frames(), Date.now()];
  await sleep(COUNT_MS);
  const [moreAudio, moreVideo, more] = [await bits('audio'), await bits('video'), await frames()];
  const seconds = (Date.now() - at) / 1000;
  const rate = (moreVideo - video) / seconds;
  return {
    video: rate,
    all: rate + (moreAudio - audio) / seconds,
    framesPerSecond: (more - encoded) / seconds,
  };
}

/** Frames shown in a second, and the longest time between two, ms. */
function shown(viewer: RoomPage): Promise<{ framesPerSecond: number; longestMs: number }> {
  return viewer.page.$eval(
    `${OTHERS} video`,
    (element, ms) =>
      new Promise<{ framesPerSecond: number; longestMs: number }>((resolve) => {
        const times: number[] = [];
        const count = (): void => {
          times.push(performance.now());
          element.requestVideoFrameCallback(count);
        };
        element.requestVideoFrameCallback(count);
        setTimeout(() => {
          const ends = [...times, performance.now()];
          const gaps = ends.slice(1).map((end, at) => end - (ends[at] ?? end));
          resolve({ framesPerSecond: times.length / (ms / 1000), longestMs: Math.max(...gaps) });
        }, ms);
      }),
    COUNT_MS,
  );
}

const tile = (viewer: RoomPage): Promise<{ slot: string; label: string }> =>
  viewer.page.$eval(OTHERS, (element) => ({
    slot: element.querySelector('video')?.dataset['slot'] ?? '',
    label: element.querySelector('[data-control="seen"]')?.getAttribute('aria-label') ?? '',
  }));

/** Allows a viewer what most of the picture's frames take, with the sounds; null: everything. */
async function capTo(room: string, viewer: string, bps: number | null): Promise<void> {
  await server.change(`/rooms/${room}/participants/${viewer}`, { subscribe_max_bps: bps });
}

describe('a cap below the smallest picture', () => {
  it('has fewer frames shown of what Chromium sends, and its end brings them back, without a freeze', async () => {
    const ann = await Person.open(chrome, server.url, 'ann');
    await ann.join({ room: 'thin', color: RED, size: SMALL });
    await ann.showOnly([]);
    const vera = await looks('thin', 'vera');
    await sleep(MEASURED_MS);
    const sent = await sends(ann);
    const before = await shown(vera);
    const cap = Math.round((sent.all - (1 - SHARE) * sent.video) / 0.95) + 3_000;
    await capTo('thin', 'vera', cap);
    await eventually(
      'the tile says that there are fewer frames',
      () => tile(vera),
      ({ slot, label }) => slot === 'live' && label.endsWith('and fewer frames'),
      FOLLOW_MS_MAX,
    );
    const under = await shown(vera);
    console.log(
      `${Math.round(sent.video)} bit/s, ${sent.framesPerSecond.toFixed(1)} frames/s sent; shown ` +
        `${before.framesPerSecond.toFixed(1)}, under ${cap} bit/s ${under.framesPerSecond.toFixed(1)}, ` +
        `at most ${under.longestMs.toFixed(0)} ms apart`,
    );
    const share = under.framesPerSecond / before.framesPerSecond;
    expect(share).toBeGreaterThan(FEWER.atLeast);
    expect(share).toBeLessThan(FEWER.atMost);
    await capTo('thin', 'vera', null);
    const back = await eventually(
      'all frames are back',
      () => shown(vera),
      ({ framesPerSecond }) => framesPerSecond > 0.85 * before.framesPerSecond,
      FOLLOW_MS_MAX,
    );
    console.log(`back at ${back.framesPerSecond.toFixed(1)} frames/s`);
    expect((await tile(vera)).label).not.toContain('fewer');
  });

  it('pauses what Firefox sends, of which nothing can be left out, and its end brings it back', async () => {
    const fritz = await Person.open(gecko, server.url, 'fritz');
    await fritz.join({ room: 'whole', color: BLUE, size: SMALL });
    await fritz.showOnly([]);
    const walter = await looks('whole', 'walter');
    await sleep(MEASURED_MS);
    const sent = await sends(fritz);
    const before = await shown(walter);
    // What it takes moves more than Chromium's.
    await capTo('whole', 'walter', Math.round(sent.all - sent.video / 2));
    await eventually(
      'the picture is paused',
      () => tile(walter),
      ({ slot }) => slot === 'paused',
      FOLLOW_MS_MAX,
    );
    await capTo('whole', 'walter', null);
    await eventually(
      'all frames are back',
      () => shown(walter),
      ({ framesPerSecond }) => framesPerSecond > 0.85 * before.framesPerSecond,
      FOLLOW_MS_MAX,
    );
  });
});
