import type { Page } from 'puppeteer-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { chromium, firefox, FIREFOX_PITCH, harnessPage, type TestBrowser } from './support/browser.ts';
import { figure, GREEN, isLive, RED, seesAndHears, stream } from './support/expect-media.ts';
import { namespaceAddress } from './support/paths.ts';
import { Server } from './support/server.ts';
import { sleep } from './support/wait.ts';

const WATCH_MS = 8_000;
const FRAMES_PER_SECOND_MIN = 7;
/** Sent, but not decoded yet, when the figures are read. */
const FRAMES_UNDER_WAY = 4;

let server: Server;
let browsers: TestBrowser[] = [];
let inFirefox: Page;
let inChromium: Page;

// Firefox checks no loopback address, so this server lives on the namespace's own interface.
beforeAll(async () => {
  server = await Server.start({ address: namespaceAddress() });
  const [fox, chrome] = [await firefox(), await chromium()];
  browsers = [fox, chrome];
  inFirefox = await harnessPage(fox, server.url);
  inChromium = await harnessPage(chrome, server.url);
}, 120_000);

afterAll(async () => {
  for (const browser of browsers) await browser.close();
  expect(await server.stop(), server.log).toBe(0);
});

describe.each([
  { from: 'Firefox', to: 'Firefox' },
  { from: 'Firefox', to: 'Chromium' },
  { from: 'Chromium', to: 'Firefox' },
])('$from to $to', ({ from, to }) => {
  it.each(['vp8', 'vp9', 'av1'] as const)('plays by %s without a freeze', async (codec) => {
    const [publishing, watching] = [from, to].map((name) => (name === 'Firefox' ? inFirefox : inChromium));
    if (publishing === undefined || watching === undefined) throw new Error('two pages');
    const room = `${from}-${to}-${codec}`.toLowerCase();
    const [color, pitch] = from === 'Firefox' ? [RED, FIREFOX_PITCH] : [GREEN, 880];
    await publishing.evaluate((name, request) => window.harness.publish(name, request), `p-${room}`, {
      room,
      identity: from,
      color,
      pitch,
      codec,
      sound: from === 'Firefox' ? ('microphone' as const) : ('tone' as const),
    });
    await isLive(publishing, `p-${room}`);
    await watching.evaluate((name) => window.harness.watch(`w-${name}`, { room: name }), room);
    await seesAndHears(watching, `w-${room}`, 0, color, pitch);
    const sentBefore = await stream(publishing, `p-${room}`, 'video');
    const before = await stream(watching, `w-${room}`, 'video');
    expect(before['mimeType']).toBe(`video/${codec.toUpperCase()}`);
    await sleep(WATCH_MS);
    const sentAfter = await stream(publishing, `p-${room}`, 'video');
    const after = await stream(watching, `w-${room}`, 'video');
    // How many a canvas gives is the publishing browser's affair; the viewer decodes all that were sent.
    const sent = figure(sentAfter, 'framesSent') - figure(sentBefore, 'framesSent');
    const decoded = figure(after, 'framesDecoded') - figure(before, 'framesDecoded');
    expect(sent).toBeGreaterThan((WATCH_MS / 1000) * FRAMES_PER_SECOND_MIN);
    expect(decoded, JSON.stringify(after)).toBeGreaterThanOrEqual(sent - FRAMES_UNDER_WAY);
    expect(figure(after, 'packetsLost')).toBe(0);
    expect(figure(after, 'freezeCount')).toBe(figure(before, 'freezeCount'));
    await watching.evaluate((name) => window.harness.stop(`w-${name}`), room);
    await publishing.evaluate((name) => window.harness.stop(`p-${name}`), room);
  });
});
