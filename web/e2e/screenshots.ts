import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'puppeteer-core';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { chromium, FAKE_DEVICES, type TestBrowser } from './support/browser.ts';
import { Cast } from './support/cast.ts';
import { pageScript, target } from './support/paths.ts';
import { RoomPage } from './support/room-page.ts';
import { Server } from './support/server.ts';
import { TcpGate } from './support/tcp-gate.ts';

const DIRECTORY = join(target, 'screenshots');
const SIZES = {
  desktop: { width: 1280, height: 800, deviceScaleFactor: 1 },
  phone: { width: 390, height: 844, deviceScaleFactor: 2, isMobile: true, hasTouch: true },
};
const SCHEMES = ['light', 'dark'] as const;
/** What a fade and a tooltip take, ms. */
const SETTLE_MS = 700;

/** What a page is told before its own script runs. */
type Before = (page: Page) => Promise<unknown>;

/** The camera is a drawn person, and the microphone a tone or silence. */
const drawnCamera =
  (part: 'speaks' | 'listens'): Before =>
  (page) =>
    page.evaluateOnNewDocument(`${pageScript('cast')};
      navigator.mediaDevices.getUserMedia = (wanted) =>
        Promise.resolve(new MediaStream(wanted.video ? [cast.selfPortrait()] : cast.selfSound('${part}')));`);

const devicesFail =
  (name: string): Before =>
  (page) =>
    page.evaluateOnNewDocument((error) => {
      navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException('refused', error));
    }, name);

/** Pages of which one look is enough. */
const DOORS: readonly { name: string; path: string; before?: Before; shows: string }[] = [
  { name: 'home', path: '/', shows: '[data-state="home"]' },
  { name: 'home-no-such-room', path: `/rooms/${'x'.repeat(200)}`, shows: '.trouble' },
  {
    name: 'prejoin',
    path: '/rooms/design-week',
    before: drawnCamera('speaks'),
    shows: '.preview[data-camera="on"]',
  },
  {
    name: 'prejoin-asking',
    path: '/rooms/design-week',
    before: (page) =>
      page.evaluateOnNewDocument(() => {
        navigator.mediaDevices.getUserMedia = () => new Promise(() => undefined);
      }),
    shows: '.preview[data-camera="opening"]',
  },
  {
    name: 'prejoin-refused',
    path: '/rooms/design-week',
    before: devicesFail('NotAllowedError'),
    shows: '[data-cause="blocked"]',
  },
  {
    name: 'prejoin-no-devices',
    path: '/rooms/design-week',
    before: devicesFail('NotFoundError'),
    shows: '[data-cause="missing"]',
  },
  {
    name: 'prejoin-insecure',
    path: '/rooms/design-week',
    before: (page) =>
      page.evaluateOnNewDocument(() => {
        Object.defineProperty(window, 'isSecureContext', { value: false });
        Object.defineProperty(navigator, 'mediaDevices', { value: undefined });
      }),
    shows: '[data-cause="insecure"]',
  },
  {
    name: 'unsupported',
    path: '/rooms/design-week',
    before: (page) =>
      page.evaluateOnNewDocument(() => {
        Object.defineProperty(window, 'RTCPeerConnection', { value: undefined });
      }),
    shows: '[data-state="unsupported"]',
  },
];

let server: Server;
let gate: TcpGate;
let browser: TestBrowser;
let studio: TestBrowser;

beforeAll(async () => {
  rmSync(DIRECTORY, { recursive: true, force: true });
  mkdirSync(DIRECTORY, { recursive: true });
  server = await Server.start();
  gate = await TcpGate.start(server.address, server.httpPort);
  browser = await chromium(FAKE_DEVICES);
  studio = await chromium();
});

afterAll(async () => {
  await browser.close();
  await studio.close();
  gate.close();
  await server.stop();
});

type SizeName = keyof typeof SIZES;

async function open(size: SizeName, url: string, before: Before | undefined): Promise<RoomPage> {
  const opened = await RoomPage.blank(browser);
  await opened.page.setViewport(SIZES[size]);
  await before?.(opened.page);
  await opened.page.goto(url);
  return opened;
}

/** The same moment in light and in dark. */
async function shoot(shown: RoomPage, name: string, size: SizeName): Promise<void> {
  const { page } = shown;
  // Who came in is told for a while, over the pictures.
  await shown.gone('.notice');
  for (const scheme of SCHEMES) {
    await page.emulateMediaFeatures([
      { name: 'prefers-color-scheme', value: scheme },
      { name: 'prefers-reduced-motion', value: 'reduce' },
    ]);
    await new Promise((done) => setTimeout(done, SETTLE_MS));
    await page.screenshot({ path: join(DIRECTORY, `${name}-${size}-${scheme}.png`) });
  }
}

describe.each(['desktop', 'phone'] as const)('%s', (size) => {
  it.each(DOORS)('$name', async ({ name, path, before, shows }) => {
    const page = await open(size, `${server.url}${path}`, before);
    await page.shows(shows);
    await shoot(page, name, size);
    await page.page.close();
  });

  it('a room that cannot be reached', async () => {
    const ada = await open(size, `${gate.url}/rooms/design-week`, drawnCamera('listens'));
    await ada.shows('[data-state="prejoin"]');
    await ada.page.locator('input[name="name"]').fill('Ada Bauer');
    gate.shut();
    await ada.click('join');
    await ada.shows('[data-state="joining"] h1');
    await shoot(ada, 'joining-trouble', size);
    gate.reopen();
    await ada.isIn();
    await ada.page.close();
  });

  it('a room in which the place is taken', async () => {
    const url = `${server.url}/rooms/one-place-${size}?identity=ada&name=Ada&autojoin`;
    const ada = await open(size, url, drawnCamera('listens'));
    await ada.isIn();
    const other = await open(size, url, drawnCamera('listens'));
    await other.shows('[data-state="failed"]');
    await shoot(other, 'failed', size);
    await ada.page.close();
    await other.page.close();
  });

  it('a room, from the first to the last', async () => {
    const room = size === 'phone' ? 'poster-talk' : 'design-week';
    const cast = await Cast.open(studio, server.url, room);
    const ada = await open(size, `${gate.url}/rooms/${room}`, drawnCamera('listens'));
    await ada.join('Ada Bauer');
    await ada.shows('[data-alone="true"]');
    await shoot(ada, 'waiting', size);

    await cast.growTo(1);
    await ada.settles(1);
    await shoot(ada, 'two', size);

    await cast.growTo(3);
    await ada.settles(3);
    await shoot(ada, 'four', size);

    await cast.say(0, 'Morning, everybody! Shall we start with the posters?');
    await cast.say(1, 'Yes. The newest ones: https://example.org/posters');
    await cast.say(2, 'I am on the train, so my picture may stutter.');
    await ada.click('chat');
    await ada.says(/on the train/);
    await shoot(ada, 'chat', size);
    await ada.page.keyboard.press('Escape');
    await ada.click('people');
    await ada.says(/Jonas Lindqvist/);
    await shoot(ada, 'people', size);
    await ada.page.keyboard.press('Escape');
    await ada.click('devices');
    await ada.shows('[role="dialog"]');
    await shoot(ada, 'devices', size);
    await ada.page.keyboard.press('Escape');

    await cast.present(1, true);
    await ada.shows('[data-stage="screen"] [data-screen] video[data-picture="shown"]');
    await shoot(ada, 'screen', size);
    await cast.present(1, false);
    await ada.shows('[data-stage="grid"]');

    gate.shut();
    await ada.shows('[data-banner="reconnecting"]');
    await shoot(ada, 'reconnecting', size);
    gate.reopen();
    await ada.isIn();

    await cast.growTo(8);
    await ada.settles(8);
    await shoot(ada, 'nine', size);

    await cast.growTo(15);
    await ada.settles(15);
    await shoot(ada, 'sixteen', size);

    await ada.click('leave');
    await ada.shows('[data-state="left"]');
    await shoot(ada, 'left', size);
    await ada.page.close();
    await cast.close();
  }, 180_000);
});
