import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'puppeteer-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { chromium, type TestBrowser } from './support/browser.ts';
import { pageScript, target } from './support/paths.ts';
import { OTHERS, RoomPage } from './support/room-page.ts';
import { Server } from './support/server.ts';
import { eventually, sleep } from './support/wait.ts';

// Two people in two browsers, and an operator who caps one of them from the command line. A second is what is promised; a machine
// that does much else takes longer, so that what it took is told.

const ROOM = 'capped-by-command';
const DIRECTORY = join(target, 'screenshots');
const WINDOW = { width: 1280, height: 800 };
/** The upper encodings start when the browser has seen bandwidth for them, some seconds after the first picture. */
const RAMP_UP_MS_MAX = 80_000;
const FOLLOWS_MS_MAX = 15_000;
/** How long a picture is watched after it became another, so that a screenshot shows the mark and not its coming, ms. */
const SETTLE_MS = 1_500;

interface Encoding {
  readonly height: number | null;
  readonly bps: number | null;
}

let server: Server;
let browsers: readonly TestBrowser[];
let ada: RoomPage;
let ben: RoomPage;

beforeAll(async () => {
  mkdirSync(DIRECTORY, { recursive: true });
  server = await Server.start({ shards: 1 });
  browsers = [await chromium(), await chromium()];
  [ada, ben] = (await Promise.all(
    ['ada', 'ben'].map((name, i) => enter(browsers[i] as TestBrowser, name)),
  )) as [RoomPage, RoomPage];
  await Promise.all([ada, ben].map((who) => who.sees(1)));
});

afterAll(async () => {
  await Promise.all(browsers.map((browser) => browser.close()));
  expect(await server.stop(), server.log).toBe(0);
});

/** Somebody whose camera is a drawn person. */
async function enter(browser: TestBrowser, name: string): Promise<RoomPage> {
  const opened = await RoomPage.blank(browser);
  await opened.page.setViewport(WINDOW);
  await opened.page.evaluateOnNewDocument(`${pageScript('cast')};
    navigator.mediaDevices.getUserMedia = (wanted) =>
      Promise.resolve(new MediaStream(wanted.video ? [cast.selfPortrait()] : cast.selfSound('listens')));`);
  await opened.page.goto(`${server.url}/rooms/${ROOM}?identity=${name}&name=${name}&autojoin`);
  await opened.isIn();
  return opened;
}

/** Lines of the other's picture. */
const height = (): Promise<number> => ada.page.$eval(`${OTHERS} video`, (video) => video.videoHeight);

/** Has the page note when pictures of another size are put on screen: [ms since 1970, lines]. */
function noteSizes(page: Page): Promise<void> {
  return page.evaluate((others) => {
    const noted: [number, number][] = [];
    const video = document.querySelector<HTMLVideoElement>(`${others} video`);
    const note = (): void => {
      noted.push([Date.now(), video?.videoHeight ?? 0]);
    };
    video?.addEventListener('resize', note);
    Object.assign(window, { noted });
  }, OTHERS);
}

const sizes = (): Promise<readonly (readonly [number, number])[]> =>
  ada.page.evaluate(() => (window as unknown as { noted: [number, number][] }).noted);

/** Runs a command and tells how long after its start a picture of such a size is on screen, ms. */
async function after(
  what: string,
  command: readonly string[],
  isSo: (lines: number) => boolean,
): Promise<void> {
  const began = Date.now();
  await server.command(...command);
  const took = Date.now() - began;
  await eventually(what, height, isSo, FOLLOWS_MS_MAX);
  const first = (await sizes()).find(([at, lines]) => at >= began && isSo(lines));
  expect(first, `${what}, seen by the page`).toBeDefined();
  console.log(
    `sfu-server ${command.join(' ')}: answered after ${took} ms, ${what} after ${(first?.[0] ?? 0) - began} ms`,
  );
}

/** Of what comes of the other's camera, as the command line tells it: lines and bit/s. */
async function encodings(): Promise<readonly (readonly [lines: number, bps: number])[]> {
  const told = JSON.parse(await server.command('participants', ROOM, 'ben', '--json')) as {
    transports: { media: { tracks: { kind: string; encodings: Encoding[] }[] } | null }[];
  };
  const tracks = told.transports.flatMap(({ media }) => media?.tracks ?? []);
  const all = tracks.find(({ kind }) => kind === 'video')?.encodings ?? [];
  return all.flatMap(({ height: lines, bps }) => (lines === null || bps === null ? [] : [[lines, bps]]));
}

const screenshot = (name: string): Promise<unknown> =>
  ada.page.screenshot({ path: join(DIRECTORY, `cap-command-${name}.png`) });

describe('a cap from the command line', () => {
  it('takes one of two to a smaller picture, says why, and gives the large one back', async () => {
    const sent = await eventually(
      'two sizes of a camera',
      encodings,
      (all) => all.length > 1,
      RAMP_UP_MS_MAX,
    );
    const large = Math.max(...sent.map(([lines]) => lines));
    await eventually('the large picture', height, (lines) => lines === large, RAMP_UP_MS_MAX);
    await noteSizes(ada.page);
    const bits = (await encodings()).map(([, bps]) => bps);
    // Of what the cap allows some is kept for repeats and reports; the smallest must fit, and the largest must not.
    const [least, most] = [Math.min(...bits), Math.max(...bits)];
    const limit = `${Math.ceil(Math.max(0.6 * most, 1.3 * least + 20_000) / 1000)}k`;
    const cap = (rate: string): string[] => ['cap', ROOM, 'ada', '--subscribe-max', rate];
    await screenshot('before');

    await after(`a picture of less than ${large} lines`, cap(limit), (lines) => lines > 0 && lines < large);
    await eventually(
      'the tile says so',
      () => ada.page.$eval(`${OTHERS} .tile-seen`, (mark) => mark.getAttribute('data-limited')),
      (limited) => limited === 'cap',
      FOLLOWS_MS_MAX,
    );
    const why = await server.command('why', ROOM, 'ada');
    console.log(why);
    expect(why).toMatch(new RegExp(`sfu-server cap ${ROOM} ada --subscribe-max [\\d.]+[kM]`));
    await sleep(SETTLE_MS);
    await screenshot('capped');

    await after(`the picture of ${large} lines`, cap('none'), (lines) => lines === large);
    await eventually(
      'the tile says nothing',
      () => ada.page.$eval(`${OTHERS} .tile-seen`, (mark) => mark.getAttribute('data-limited')),
      (limited) => limited === 'no',
      FOLLOWS_MS_MAX,
    );
    await sleep(SETTLE_MS);
    await screenshot('lifted');
  });
});
