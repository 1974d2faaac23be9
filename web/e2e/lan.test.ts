import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { chromium, FAKE_DEVICES, type TestBrowser } from './support/browser.ts';
import { Phone } from './support/phone.ts';
import { OTHERS, RoomPage } from './support/room-page.ts';
import { Server } from './support/server.ts';
import { eventually } from './support/wait.ts';

let server: Server;
let phone: Phone;
let handheld: TestBrowser;
let laptop: TestBrowser;
/** One whose user goes nowhere that it warns of. */
let strict: TestBrowser;

beforeAll(async () => {
  phone = await Phone.plugIn();
  server = await Server.start({ address: process.env['E2E_ADDRESS'] ?? '127.0.0.1', flags: ['--lan'] });
  handheld = await phone.browser(FAKE_DEVICES);
  laptop = await chromium([...FAKE_DEVICES, '--ignore-certificate-errors']);
  strict = await chromium(FAKE_DEVICES);
});

afterAll(async () => {
  await handheld.close();
  await laptop.close();
  await strict.close();
  await server.stop();
  phone.unplug();
});

const frames = ({ page }: RoomPage): Promise<number> =>
  page.$eval(`${OTHERS} video`, (video) => video.getVideoPlaybackQuality().totalVideoFrames);

describe('a phone on the same network', () => {
  let near: RoomPage;
  let far: RoomPage;

  it('comes by the address that the terminal shows, with a camera, and both see each other', async () => {
    const shown = /A phone on this network: (https:\/\/\S+\/)/.exec(server.log)?.[1] ?? server.log;
    expect(shown).toMatch(/^https:\/\/10\.7[78]\.0\.1:8443\/$/);
    far = await RoomPage.open(handheld, `${shown}rooms/kitchen`);
    expect(await far.page.evaluate(() => window.isSecureContext)).toBe(true);
    await far.join('Handheld');
    near = await RoomPage.open(laptop, `${shown}rooms/kitchen`);
    await near.join('Laptop');
    for (const person of [far, near]) {
      await person.shows(`${OTHERS} video`);
      await eventually(
        'pictures of the other one',
        () => frames(person),
        (count) => count > 10,
      );
    }
    expect([...far.complaints, ...near.complaints]).toEqual([]);
  });

  it('is sent from HTTP to HTTPS, and nobody is let through who does not trust the certificate', async () => {
    const { page } = await RoomPage.open(handheld, `${server.url}/rooms/kitchen?x=1`);
    expect(page.url()).toBe(`https://${server.address}:8443/rooms/kitchen?x=1`);
    await expect(RoomPage.open(strict, `${server.url}/rooms/kitchen`)).rejects.toThrow(/CERT/);
  });
});
