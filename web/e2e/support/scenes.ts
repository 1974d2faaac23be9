import { harnessPage, type TestBrowser } from './browser.ts';
import { isLive } from './expect-media.ts';

/** Two publishers with landscapes for pictures. */
export async function painted(studio: TestBrowser, url: string, room: string): Promise<void> {
  const page = await harnessPage(studio, url);
  for (const hour of ['dawn', 'night'] as const) {
    await page.evaluate((time, where) => window.harness.paint(time, where), hour, room);
    await isLive(page, hour);
  }
}
