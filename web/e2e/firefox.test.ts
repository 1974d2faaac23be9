import type { Page } from 'puppeteer-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RtpStats } from './page/harness.ts';
import { chromium, firefox, FIREFOX_PITCH, harnessPage, type TestBrowser } from './support/browser.ts';
import { GREEN, isLive, playsOn, RED, seesAndHears, stream } from './support/expect-media.ts';
import { namespaceAddress } from './support/paths.ts';
import { Server } from './support/server.ts';

const PADDED = 'sfu_rtp_padded_packets_total';
const WATCH_MS = 8_000;

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
});

afterAll(async () => {
  for (const browser of browsers) await browser.close();
  expect(await server.stop(), server.log).toBe(0);
});

describe.each([
  { from: 'Firefox', to: 'Firefox' },
  { from: 'Firefox', to: 'Chromium' },
  { from: 'Chromium', to: 'Firefox' },
])('$from to $to', ({ from, to }) => {
  let padded = 0;

  beforeAll(async () => {
    padded = await server.metric(PADDED);
  });

  // Side by side, each in a room of its own.
  it.concurrent.each(['vp8', 'vp9', 'av1'] as const)('plays by %s', async (codec) => {
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
    const seen = (): Promise<RtpStats> => stream(watching, `w-${room}`, 'video');
    expect((await seen())['mimeType']).toBe(`video/${codec.toUpperCase()}`);
    await playsOn(room, () => stream(publishing, `p-${room}`, 'video'), seen, WATCH_MS);
    await watching.evaluate((name) => window.harness.stop(`w-${name}`), room);
    await publishing.evaluate((name) => window.harness.stop(`p-${name}`), room);
  });

  // libwebrtc cuts a frame into packets that differ by one byte; the server makes them alike and sends them at once.
  it('minds no padding', async () => {
    const packets = (await server.metric(PADDED)) - padded;
    console.log(`${from} to ${to}: ${packets} packets were padded`);
    expect(packets).toBeGreaterThan(0);
  });
});
