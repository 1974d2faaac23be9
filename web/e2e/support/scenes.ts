import { harnessPage, type TestBrowser } from './browser.ts';
import { isLive } from './expect-media.ts';

/** Two publishers with landscapes for pictures. */
export async function painted(studio: TestBrowser, url: string, room: string): Promise<void> {
  const page = await harnessPage(studio, url);
  for (const [name, hour] of [
    ['Ada', 'dawn'],
    ['Ben', 'night'],
  ] as const) {
    await page.evaluate((who, time, where) => window.harness.paint(who, time, where), name, hour, room);
    await isLive(page, name);
  }
}
