import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { chromium, FAKE_DEVICES, type TestBrowser } from './support/browser.ts';
import { serverBinary } from './support/paths.ts';
import { control, RoomPage } from './support/room-page.ts';
import { foreignVariables, Server } from './support/server.ts';

let folder: string;
let server: Server;
let browser: TestBrowser;

/** What a command of the server prints. */
function run(...words: string[]): string {
  return execFileSync(serverBinary, words, { encoding: 'utf8', env: foreignVariables() }).trim();
}

function invite(...words: string[]): string {
  return run(
    'invite',
    '--auth-keys',
    join(folder, 'keys.json'),
    '--link',
    server.url,
    '--room',
    'tea',
    ...words,
  );
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'sfu-invitations-'));
  const keys = join(folder, 'keys.json');
  run('keys', 'generate', '--file', keys);
  server = await Server.start({ flags: ['--auth-keys', keys, '--state-dir', folder] });
  browser = await chromium(FAKE_DEVICES);
});

afterAll(async () => {
  await browser.close();
  await server.stop();
  rmSync(folder, { recursive: true, force: true });
});

describe('where tokens are asked for', () => {
  it('a room’s bare link lets nobody in, and says what to do', async () => {
    const ada = await RoomPage.open(browser, `${server.url}/rooms/tea?name=Ada&autojoin`);
    await ada.shows('[data-state="failed"]');
    await ada.says(/needs an invitation[^]*Ask whoever invited you/);
    await ada.page.close();
  });

  it('an invitation leads into its room, over a reload too, and is used up then', async () => {
    const link = invite('--role', 'speaker');
    const ada = await RoomPage.open(browser, link);
    await ada.join('Ada');
    expect(ada.page.url()).toBe(`${server.url}/rooms/tea`);
    await ada.page.reload();
    await ada.join('Ada');
    const ben = await RoomPage.open(browser, link);
    await ben.shows('[data-state="uninvited"]');
    await ben.says(/invitation has been used[^]*Ask whoever invited you for a new link/);
    await ben.page.close();
    await ada.page.close();
  });

  it('a guest sees and hears, and has nothing to be seen or heard with', async () => {
    const ada = await RoomPage.open(browser, invite('--role', 'speaker'));
    await ada.join('Ada');
    const ben = await RoomPage.open(browser, invite('--role', 'guest'));
    await ben.join('Ben');
    await ben.settles(1);
    await ben.shows('[data-banner="watching"]');
    for (const what of ['camera', 'microphone', 'screen']) expect(await ben.page.$(control(what))).toBeNull();
    await ben.page.close();
    await ada.page.close();
  });
});

describe('where everybody is let in by name', () => {
  it('the room says so', async () => {
    const open = await Server.start({ flags: ['--insecure-no-auth'] });
    const ada = await RoomPage.open(browser, `${open.url}/rooms/tea?name=Ada&autojoin`);
    await ada.isIn();
    await ada.shows('[data-banner="insecure"]');
    await ada.page.close();
    await open.stop();
  });
});
