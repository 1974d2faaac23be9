import type { Page } from 'puppeteer-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { chromium, harnessPage, type TestBrowser } from './support/browser.ts';
import { GREEN, isLive, seesAndHears } from './support/expect-media.ts';
import { Server } from './support/server.ts';

let server: Server;
let browser: TestBrowser;
let page: Page;

beforeAll(async () => {
  server = await Server.start();
  browser = await chromium();
  page = await harnessPage(browser, server.url);
});

afterAll(async () => {
  await browser.close();
  expect(await server.stop(), server.log).toBe(0);
});

interface Answer {
  readonly status: number;
  readonly type: string;
  readonly title: string;
  readonly detail: string;
}

/** Asks from inside the page, as any web client would. */
async function ask(path: string, method: string, type: string, body: string): Promise<Answer> {
  return page.evaluate(
    async (to, verb, contentType, text) => {
      const response = await fetch(to, {
        method: verb,
        headers: { 'Content-Type': contentType },
        ...(verb === 'GET' || verb === 'DELETE' ? {} : { body: text }),
      });
      const answer = (await response.json()) as { title?: string; detail?: string };
      return {
        status: response.status,
        type: response.headers.get('content-type') ?? '',
        title: answer.title ?? '',
        detail: answer.detail ?? '',
      };
    },
    path,
    method,
    type,
    body,
  );
}

const SDP = 'application/sdp';

describe.each(['whip', 'whep'])('broken requests to /%s', (endpoint) => {
  it.each([
    ['no SDP at all', 'POST', SDP, 'hello'],
    ['an empty body', 'POST', SDP, ''],
    ['SDP without media', 'POST', SDP, 'v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n'],
    [
      'SDP cut in two',
      'POST',
      SDP,
      'v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\nm=video 9 UDP/TLS/RTP/SAV',
    ],
    ['a body of another type', 'POST', 'text/plain', 'v=0'],
    ['a body far too large', 'POST', SDP, `v=0\r\n${'a=x\r\n'.repeat(500_000)}`],
  ])('%s is refused in words', async (_, method, type, body) => {
    const answer = await ask(`/${endpoint}/broken`, method, type, body);
    expect(answer.status).toBeGreaterThanOrEqual(400);
    expect(answer.status).toBeLessThan(500);
    expect(answer.type).toContain('application/problem+json');
    expect(answer.title).not.toBe('');
    expect(answer.detail.length).toBeGreaterThan(15);
  });

  it('a session that never was is 404', async () => {
    const answer = await ask(`/${endpoint}/broken/0123456789abcdef0123456789abcdef`, 'DELETE', '', '');
    expect(answer.status).toBe(404);
    expect(answer.type).toContain('application/problem+json');
  });
});

describe('a session beside all this', () => {
  it('is left alone', async () => {
    const publish = { room: 'beside', identity: 'beside', color: GREEN, pitch: 500 };
    await page.evaluate((request) => window.harness.publish('beside', request), publish);
    await isLive(page, 'beside');
    await page.evaluate(() => window.harness.watch('looker', { room: 'beside' }));
    for (let i = 0; i < 20; i += 1) await ask('/whip/beside', 'POST', SDP, `v=0\r\n${'\u0000'.repeat(i)}`);
    await seesAndHears(page, 'looker', 0, GREEN, 500);
  });
});
