import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { chromium, FAKE_DEVICES, firefox, type TestBrowser } from './support/browser.ts';
import { namespaceAddress } from './support/paths.ts';
import { control, OTHERS, RoomPage } from './support/room-page.ts';
import { Server } from './support/server.ts';

let server: Server;
let browsers: TestBrowser[] = [];
let ada: RoomPage;
let fay: RoomPage;

// Firefox checks no loopback address, so this server lives on the namespace's own interface; what a browser gives to
// https:// alone, it gives here by a switch.
beforeAll(async () => {
  const address = namespaceAddress();
  server = await Server.start({ address });
  const secure = `--unsafely-treat-insecure-origin-as-secure=${server.url}`;
  const chrome = await chromium([...FAKE_DEVICES, secure]);
  const fox = await firefox({ 'dom.securecontext.allowlist': address });
  browsers = [chrome, fox];
  ada = await RoomPage.open(chrome, `${server.url}/rooms/lunch`);
  fay = await RoomPage.open(fox, `${server.url}/rooms/lunch`);
});

afterAll(async () => {
  for (const browser of browsers) await browser.close();
  expect(await server.stop(), server.log).toBe(0);
});

describe('the room page in Firefox', () => {
  it('opens camera and microphone, joins, and sees and is seen by somebody in Chromium', async () => {
    await fay.shows('.preview[data-camera="on"][data-microphone="on"]');
    await ada.join('Ada');
    await fay.join('Fay');
    await fay.sees(1);
    await ada.sees(1);
  });

  it('mutes by a key and chats', async () => {
    await ada.shows(`${OTHERS}[data-microphone="on"]`);
    await fay.page.keyboard.press('m');
    await ada.shows(`${OTHERS}[data-microphone="off"]`);
    await fay.click('chat');
    await fay.page.locator('textarea[name="message"]').fill('Is there tea?');
    await fay.page.keyboard.press('Enter');
    await ada.shows(`${control('chat')} .badge`);
  });

  it('leaves, and had nothing to complain of', async () => {
    await fay.click('leave');
    await fay.shows('[data-state="left"]');
    await ada.shows('[data-alone="true"]');
    expect([...ada.complaints, ...fay.complaints]).toEqual([]);
  });
});
