import type { Page } from 'puppeteer-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { chromium, harnessPage, type TestBrowser } from './support/browser.ts';
import { BLUE, GREEN, isLive, RED, seesAndHears } from './support/expect-media.ts';
import { FfmpegPublisher } from './support/ffmpeg.ts';
import { Person } from './support/person.ts';
import { Server } from './support/server.ts';

const ROOM = 'mixed';

let server: Server;
let browser: TestBrowser;
let ann: Person;
let ben: Person;
let links: Page;
let encoder: FfmpegPublisher | undefined;

beforeAll(async () => {
  server = await Server.start();
  browser = await chromium();
  ann = await Person.open(browser, server.url, 'ann');
  ben = await Person.open(browser, server.url, 'ben');
  links = await harnessPage(browser, server.url);
});

afterAll(async () => {
  encoder?.kill();
  await browser.close();
  expect(await server.stop(), server.log).toBe(0);
});

describe('in one room', () => {
  it('people see and hear an encoder and a web client that publish by WHIP, and who they are', async () => {
    await ann.join({ room: ROOM, color: RED, pitch: 620 });
    encoder = new FfmpegPublisher(`${server.url}/whip/${ROOM}?identity=encoder`, '0x28AA3C', 1040);
    await links.evaluate(
      (color) => window.harness.publish('studio', { room: 'mixed', identity: 'studio', color, pitch: 1210 }),
      BLUE,
    );
    await isLive(links, 'studio');
    await ben.join({ room: ROOM });
    for (const person of [ann, ben]) {
      await person.knows('encoder', 'came by WHIP', ({ via }) => via === 'whip');
      await person.knows('studio', 'came by WHIP', ({ via }) => via === 'whip');
      await person.sees('encoder', GREEN);
      await person.hears('encoder', 1040);
      await person.sees('studio', BLUE);
      await person.hears('studio', 1210);
    }
    await ben.knows('ann', 'came by the room', ({ via }) => via === 'room');
  });

  it('a WHEP viewer sees and hears a person', async () => {
    await links.evaluate(() => window.harness.watch('looker', { room: 'mixed', watch: 'ann' }));
    await seesAndHears(links, 'looker', 0, RED, 620);
    // Viewers are no part of the roster.
    await ben.isWith(['ann', 'encoder', 'studio']);
  });

  it('people know when a WHIP publisher ends', async () => {
    await encoder?.interrupt();
    await links.evaluate(() => window.harness.stop('studio'));
    await ann.isWith(['ben']);
    await ben.isWith(['ann']);
    expect(await ann.negotiations()).toBe(1);
  });
});
