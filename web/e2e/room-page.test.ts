import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { chromium, FAKE_DEVICES_ONLY, SEVERAL_FAKE_DEVICES, type TestBrowser } from './support/browser.ts';
import { control, OTHERS, RoomPage } from './support/room-page.ts';
import { Server } from './support/server.ts';
import { eventually } from './support/wait.ts';

const ROOM = 'friday lunch';

let server: Server;
let allowed: TestBrowser;
let refused: TestBrowser;
let ada: RoomPage;
let ben: RoomPage;

beforeAll(async () => {
  server = await Server.start();
  allowed = await chromium(SEVERAL_FAKE_DEVICES);
});

afterAll(async () => {
  await allowed.close();
  await server.stop();
});

const link = (room = ROOM): string => `${server.url}/rooms/${encodeURIComponent(room)}`;

/** Id of the camera that one's own tile shows. */
const ownCamera = ({ page }: RoomPage): Promise<string | undefined> =>
  page.$eval('.tile[data-own] video', (video) => {
    const { srcObject } = video;
    return srcObject instanceof MediaStream
      ? srcObject.getVideoTracks()[0]?.getSettings().deviceId
      : undefined;
  });

const framesOfOther = ({ page }: RoomPage): Promise<number> =>
  page.$eval(`${OTHERS} video`, (video) => video.getVideoPlaybackQuality().totalVideoFrames);

describe('the room page', () => {
  it('makes a room of a word', async () => {
    ada = await RoomPage.open(allowed, server.url);
    await ada.shows('[data-state="home"]');
    await ada.page.locator('#room').fill(ROOM);
    await ada.page.keyboard.press('Enter');
    await ada.shows('.preview[data-camera="on"][data-microphone="on"]');
    expect(ada.page.url()).toBe(link());
    await ada.join('Ada');
    await ada.shows('[data-alone="true"]');
  });

  it('is joined by link and by keyboard alone, and two people see each other', async () => {
    ben = await RoomPage.open(allowed, link());
    await ben.shows('[data-state="prejoin"]');
    const focused = (): Promise<string | null> =>
      ben.page.evaluate(() => document.activeElement?.getAttribute('name') ?? null);
    for (let i = 0; i < 15 && (await focused()) !== 'name'; i += 1) await ben.page.keyboard.press('Tab');
    expect(await focused()).toBe('name');
    // What the browser remembers of the other window is replaced.
    await ben.page.keyboard.down('Control');
    await ben.page.keyboard.press('a');
    await ben.page.keyboard.up('Control');
    await ben.page.keyboard.type('Ben');
    await ben.page.keyboard.press('Enter');
    await ben.isIn();
    await ben.sees(1);
    await ada.sees(1);
    await ada.gone('[data-alone="true"]');
  });

  it('tells the others what is muted and switched off', async () => {
    await ben.shows(`${OTHERS}[data-microphone="on"][data-camera="on"]`);
    await ada.page.keyboard.press('m');
    await ben.shows(`${OTHERS}[data-microphone="off"]`);
    await ada.page.keyboard.press('v');
    await ben.shows(`${OTHERS}[data-camera="off"]`);
    await ada.page.keyboard.press('m');
    await ada.page.keyboard.press('v');
    await ben.shows(`${OTHERS}[data-microphone="on"][data-camera="on"]`);
    await ben.sees(1);
  });

  it('goes on with another camera that is chosen, without an offer', async () => {
    await ada.page.evaluate(() => {
      const socket = WebSocket.prototype;
      const send = Object.getOwnPropertyDescriptor(socket, 'send')?.value as (data: unknown) => void;
      socket.send = function (data): void {
        if (typeof data === 'string' && data.includes('"offer"')) document.body.dataset['offered'] = 'true';
        send.call(this, data);
      };
    });
    await ada.click('devices');
    const list = `select${control('cameras')}`;
    await ada.shows(list);
    const [used, other = ''] = await ada.page.$eval(list, (select) => {
      const { value, options } = select as HTMLSelectElement;
      return [value, options.item(options.length - 1)?.value];
    });
    expect(await ownCamera(ada)).toBe(used);
    expect(other).not.toBe(used);
    await ada.page.select(list, other);
    await eventually(
      'the other camera is used',
      () => ownCamera(ada).then((id) => id ?? 'none'),
      (id) => id === other,
    );
    const shown = await framesOfOther(ben);
    await eventually(
      'Ben sees it',
      () => framesOfOther(ben),
      (frames) => frames > shown + 15,
    );
    await ada.page.keyboard.press('Escape');
    expect(await ada.page.$('body[data-offered]')).toBeNull();
  });

  it('carries chat, and counts what was not read', async () => {
    await ben.click('chat');
    await ben.page.locator('textarea[name="message"]').fill('See https://example.org/menu');
    await ben.page.keyboard.press('Enter');
    await ada.shows(`${control('chat')} .badge`);
    await ada.page.keyboard.press('c');
    await ada.says(/See https:\/\/example\.org\/menu/);
    await ada.page.keyboard.press('Escape');
  });

  it('lets somebody in whose devices are refused, and says why and what helps', async () => {
    refused = await chromium(FAKE_DEVICES_ONLY);
    try {
      const session = await refused.browser.target().createCDPSession();
      for (const name of ['camera', 'microphone'])
        await session.send('Browser.setPermission', { permission: { name }, setting: 'denied' });
      const cy = await RoomPage.open(refused, link());
      await cy.shows('[data-cause="blocked"]');
      await cy.says(/Allow (it|them) for this page/);
      await cy.join('Cy');
      await cy.sees(2);
      await ada.says(/Cy/);
      await cy.page.close();
      await ada.gone(`${OTHERS}[aria-label^="Cy"]`);
    } finally {
      await refused.close();
    }
  });

  it('brings somebody back who loads the page anew', async () => {
    await ben.page.reload();
    await ben.join('Ben');
    await ben.sees(1);
    await ada.sees(1);
    await eventually(
      'one Ben',
      () => ada.page.$$eval(OTHERS, (tiles) => tiles.length),
      (count) => count === 1,
      30_000,
    );
  });

  it('comes back by itself when the server died and another took its place', async () => {
    const { httpPort, mediaPort } = server;
    await server.kill();
    await ada.shows('[data-banner="reconnecting"]');
    server = await Server.start({ httpPort, mediaPort });
    await ada.isIn();
    await ben.isIn();
    await ada.sees(1);
    await ben.sees(1);
  });

  it('leaves, and comes in again', async () => {
    await ben.click('leave');
    await ben.shows('[data-state="left"]');
    await ada.shows('[data-alone="true"]');
    await ben.click('rejoin');
    await ben.isIn();
    await ben.sees(1);
    await ada.sees(1);
  });

  it('had nothing to complain of, its content security policy among it', () => {
    const complaints = [...ada.complaints, ...ben.complaints];
    expect(complaints.filter((line) => !/Failed to (load resource|fetch)|ERR_CONNECTION/.test(line))).toEqual(
      [],
    );
  });
});
