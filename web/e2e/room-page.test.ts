import type { Page } from 'puppeteer-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { chromium, FAKE_DEVICES, type TestBrowser } from './support/browser.ts';
import { Server } from './support/server.ts';
import { sleep } from './support/wait.ts';

let server: Server;
let camera: TestBrowser;
let screen: TestBrowser;

beforeAll(async () => {
  server = await Server.start();
  camera = await chromium(FAKE_DEVICES);
  screen = await chromium();
});

afterAll(async () => {
  await camera.close();
  await screen.close();
  await server.stop();
});

async function open({ browser }: TestBrowser, query: string): Promise<Page> {
  const page = await browser.newPage();
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(String(error)));
  await page.goto(`${server.url}/${query}`);
  return page;
}

const complaints: string[] = [];

async function text(page: Page, selector: string): Promise<string> {
  return page.$eval(selector, (element) => element.textContent);
}

async function says(page: Page, selector: string, pattern: RegExp, withinMs = 15_000): Promise<void> {
  try {
    await page.waitForFunction(
      (query, source) => new RegExp(source).test(document.querySelector(query)?.textContent ?? ''),
      { timeout: withinMs, polling: 100 },
      selector,
      pattern.source,
    );
  } catch {
    throw new Error(`${selector} says "${await text(page, selector)}", not ${String(pattern)}`);
  }
}

describe('the room page', () => {
  it('publishes by name, is watched by link, and both end', async () => {
    const publisher = await open(camera, '#café');
    expect(await publisher.$eval('#room', (input) => (input as HTMLInputElement).value)).toBe('café');
    await says(publisher, '#publish-status', /Not publishing/);
    await publisher.click('#publish');
    await says(publisher, '#publish-status', /^Publishing$/);
    await says(publisher, '#publish-stats', /Round trip/);

    const viewer = await open(screen, `?room=${encodeURIComponent('café')}&role=watch`);
    await says(viewer, '#watch-status', /Live, 1 publisher/);
    await says(viewer, '.tile:not([hidden]) .tile-figures', /\d+×\d+ · \d+ fps/);
    expect(await viewer.$$eval('.tile:not([hidden])', (tiles) => tiles.length)).toBe(1);

    await publisher.click('#publish');
    await says(publisher, '#publish-status', /Not publishing/);
    await says(viewer, '#watch-status', /Waiting for a publisher/);
    await viewer.click('#watch');
    await says(viewer, '#stage-empty-title', /You stopped watching/);
    await publisher.close();
    await viewer.close();
  });

  it('tells the one who was replaced, and does not fight the other', async () => {
    const first = await open(camera, '?room=twice&identity=same');
    await first.click('#publish');
    await says(first, '#publish-status', /^Publishing$/);
    const second = await open(camera, '?room=twice&identity=same');
    await second.click('#publish');
    await says(second, '#publish-status', /^Publishing$/);
    await says(first, '#publish-status', /Ended by the server/);
    await says(first, '#publish-message', /same name/);
    await sleep(2000);
    expect(await text(second, '#publish-status')).toBe('Publishing');
    await first.close();
    await second.close();
  });

  it('ends its session when the tab goes away', async () => {
    const publisher = await open(camera, '?room=gone');
    await publisher.click('#publish');
    await says(publisher, '#publish-status', /^Publishing$/);
    const viewer = await open(screen, '?room=gone&role=watch');
    await says(viewer, '#watch-status', /Live, 1 publisher/);
    await publisher.goto('about:blank');
    // Silence alone would take the server half a minute to notice.
    await says(viewer, '#watch-status', /Waiting for a publisher/, 6_000);
    await publisher.close();
    await viewer.close();
  });

  it('works by keyboard alone', async () => {
    const viewer = await open(screen, '#keys');
    const order: string[] = [];
    for (let i = 0; i < 8; i += 1) {
      await viewer.keyboard.press('Tab');
      order.push(await viewer.evaluate(() => document.activeElement?.id ?? ''));
    }
    expect(order).toEqual(expect.arrayContaining(['room', 'copy', 'slots', 'watch', 'identity', 'publish']));
    await viewer.focus('#room');
    await viewer.keyboard.press('Enter');
    await says(viewer, '#watch-status', /Waiting for a publisher/);
    await viewer.close();
  });

  it('comes back by itself when the server was restarted', async () => {
    const publisher = await open(camera, '?room=back');
    await publisher.click('#publish');
    await says(publisher, '#publish-status', /^Publishing$/);
    const viewer = await open(screen, '?room=back&role=watch');
    await says(viewer, '#watch-status', /Live, 1 publisher/);

    expect(await server.stop(), server.log).toBe(0);
    await says(viewer, '#watch-status', /Reconnecting/);
    await says(publisher, '#publish-status', /Reconnecting/);
    server = await Server.start({ httpPort: server.httpPort, mediaPort: server.mediaPort });
    await says(publisher, '#publish-status', /^Publishing$/, 30_000);
    await says(viewer, '#watch-status', /Live, 1 publisher/, 30_000);
    await publisher.close();
    await viewer.close();
  });

  it('breaks no rule of the content security policy', () => {
    expect(complaints.filter((line) => !/Failed to (load resource|fetch)|ERR_CONNECTION/.test(line))).toEqual(
      [],
    );
  });
});
