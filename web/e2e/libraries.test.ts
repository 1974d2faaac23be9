import type { Page } from 'puppeteer-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { chromium, openWindow, type TestBrowser } from './support/browser.ts';
import { BLUE, isColor, RED } from './support/expect-media.ts';
import { pageScript } from './support/paths.ts';
import { Server } from './support/server.ts';
import { eventually } from './support/wait.ts';

let server: Server;
let browser: TestBrowser;
let page: Page;

beforeAll(async () => {
  server = await Server.start();
  browser = await chromium();
  page = await openWindow(browser);
  await page.goto(`${server.url}/`);
  await page.evaluate(`${pageScript('libraries')}; window.libraries = libraries.libraries; undefined`);
});

afterAll(async () => {
  await browser.close();
  expect(await server.stop(), server.log).toBe(0);
});

describe('clients that others wrote', () => {
  it('whip-whep publishes and watches', async () => {
    await page.evaluate((color) => window.libraries.medoozePublish('mp', '/whip/medooze', color, 440), RED);
    await page.evaluate(() => window.libraries.medoozeWatch('mw', '/whep/medooze'));
    await eventually(
      'red is seen',
      () => page.evaluate(() => window.libraries.color('mw')),
      (color) => isColor(color, RED),
    );
    await page.evaluate(() => window.libraries.stop('mw'));
    await page.evaluate(() => window.libraries.stop('mp'));
  });

  it('@eyevinn/whip-web-client publishes and @eyevinn/webrtc-player watches', async () => {
    await page.evaluate((color) => window.libraries.eyevinnPublish('ep', '/whip/eyevinn', color, 440), BLUE);
    await page.evaluate(() => window.libraries.eyevinnWatch('ew', '/whep/eyevinn'));
    await eventually(
      'blue is seen',
      () => page.evaluate(() => window.libraries.color('ew')),
      (color) => isColor(color, BLUE),
    );
    await page.evaluate(() => window.libraries.stop('ew'));
    await page.evaluate(() => window.libraries.stop('ep'));
  });
});
