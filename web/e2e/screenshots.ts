import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'puppeteer-core';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { chromium, FAKE_DEVICES, type TestBrowser } from './support/browser.ts';
import { target } from './support/paths.ts';
import { painted } from './support/scenes.ts';
import { Server } from './support/server.ts';

const DIRECTORY = join(target, 'screenshots');
const SIZES = {
  desktop: { width: 1280, height: 800, deviceScaleFactor: 1 },
  phone: { width: 390, height: 844, deviceScaleFactor: 2, isMobile: true, hasTouch: true },
};

interface Scene {
  readonly name: string;
  readonly query: string;
  /** Runs in the page before its own script. */
  readonly before?: (page: Page) => Promise<void>;
  readonly act?: (page: Page) => Promise<void>;
  /** Text that the finished state shows somewhere. */
  readonly shows: RegExp;
}

const click = (selector: string) => (page: Page) => page.click(selector);

/** Answers every request in the server's stead; status 0 is no answer at all. */
const answering = (status: number, body: object) => async (page: Page) => {
  await page.evaluateOnNewDocument(
    (code, text) => {
      window.fetch = () =>
        code === 0
          ? Promise.reject(new TypeError('Failed to fetch'))
          : Promise.resolve(
              new Response(text, { status: code, headers: { 'Content-Type': 'application/problem+json' } }),
            );
    },
    status,
    JSON.stringify(body),
  );
};

const devicesFail = (name: string) => async (page: Page) => {
  await page.evaluateOnNewDocument((error) => {
    navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException('refused', error));
  }, name);
};

const SCENES: Scene[] = [
  { name: 'idle', query: '#demo', shows: /Nothing is playing/ },
  {
    name: 'live',
    query: '?room=team&role=watch&watch=Ada,Ben',
    before: async () => {
      published ??= painted(studio, server.url, 'team');
      await published;
    },
    shows: /Live, 2 publishers/,
  },
  { name: 'publishing', query: '?room=mine', act: click('#publish'), shows: /Round trip/ },
  { name: 'waiting', query: '?room=empty&role=watch', shows: /Nobody is publishing/ },
  {
    name: 'refused-device',
    query: '#demo',
    before: devicesFail('NotAllowedError'),
    act: click('#publish'),
    shows: /are blocked/,
  },
  {
    name: 'asking',
    query: '#demo',
    before: async (page) => {
      await page.evaluateOnNewDocument(() => {
        navigator.mediaDevices.getUserMedia = () => new Promise(() => undefined);
      });
    },
    act: click('#publish'),
    shows: /Waiting for your permission/,
  },
  { name: 'reconnecting', query: '?role=watch', before: answering(0, {}), shows: /gives no answer/ },
  {
    name: 'error',
    query: '?role=watch',
    before: answering(406, {
      title: 'No codec in common',
      detail: 'Section 0 (mid 0, video) offers only theora; offer VP8, VP9, H264 or AV1.',
    }),
    shows: /No codec in common/,
  },
  {
    name: 'unsupported',
    query: '#demo',
    before: async (page) => {
      await page.evaluateOnNewDocument(() => {
        Object.defineProperty(window, 'RTCPeerConnection', { value: undefined });
      });
    },
    shows: /has no WebRTC/,
  },
  {
    name: 'insecure',
    query: '#demo',
    before: async (page) => {
      await page.evaluateOnNewDocument(() => {
        Object.defineProperty(window, 'isSecureContext', { value: false });
      });
    },
    shows: /needs a secure page/,
  },
];

let server: Server;
let browser: TestBrowser;
let studio: TestBrowser;
let published: Promise<void> | undefined;

beforeAll(async () => {
  mkdirSync(DIRECTORY, { recursive: true });
  server = await Server.start();
  browser = await chromium(FAKE_DEVICES);
  studio = await chromium();
});

afterAll(async () => {
  await browser.close();
  await studio.close();
  await server.stop();
});

describe.each(SCENES)('$name', (scene) => {
  it.each([
    ['desktop', 'light'],
    ['desktop', 'dark'],
    ['phone', 'light'],
    ['phone', 'dark'],
  ] as const)('%s, %s', async (size, scheme) => {
    const page = await browser.browser.newPage();
    try {
      await page.setViewport(SIZES[size]);
      await page.emulateMediaFeatures([
        { name: 'prefers-color-scheme', value: scheme },
        { name: 'prefers-reduced-motion', value: 'reduce' },
      ]);
      await scene.before?.(page);
      await page.goto(`${server.url}/${scene.query}`);
      await scene.act?.(page);
      await page.waitForFunction(
        (source) => new RegExp(source).test(document.body.innerText),
        { timeout: 15_000, polling: 100 },
        scene.shows.source,
      );
      // Rates settle in the second reading.
      if (scene.name === 'live' || scene.name === 'publishing')
        await new Promise((done) => setTimeout(done, 4000));
      await page.screenshot({
        path: join(DIRECTORY, `${scene.name}-${size}-${scheme}.png`),
        fullPage: size === 'phone',
      });
    } finally {
      await page.close();
    }
  });
});
