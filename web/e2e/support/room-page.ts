import type { Page } from 'puppeteer-core';
import { openWindow, type TestBrowser } from './browser.ts';
import { PATIENCE_MS } from './wait.ts';

/** A control of the page by what it does. */
export const control = (name: string): string => `[data-control="${name}"]`;
/** Everybody's tile but one's own. */
export const OTHERS = '.tile[data-identity]:not([data-own])';

/** The room page in a window of its own, as a person uses it. */
export class RoomPage {
  readonly page: Page;
  /** Errors on its console, and exceptions. */
  readonly complaints: string[] = [];

  private constructor(page: Page) {
    this.page = page;
    page.on('console', (message) => {
      if (message.type() === 'error') this.complaints.push(message.text());
    });
    page.on('pageerror', (error) => this.complaints.push(String(error)));
  }

  static async open(browser: TestBrowser, url: string): Promise<RoomPage> {
    const opened = await RoomPage.blank(browser);
    await opened.page.goto(url);
    return opened;
  }

  /** One that has not gone anywhere yet. */
  static async blank(browser: TestBrowser): Promise<RoomPage> {
    return new RoomPage(await openWindow(browser));
  }

  /** Waits until something is there to see. */
  async shows(selector: string, withinMs = PATIENCE_MS): Promise<void> {
    try {
      await this.page.waitForSelector(selector, { visible: true, timeout: withinMs });
    } catch {
      throw new Error(`no ${selector} within ${withinMs} ms; the page says: ${await this.words()}`);
    }
  }

  async gone(selector: string, withinMs = PATIENCE_MS): Promise<void> {
    try {
      await this.page.waitForSelector(selector, { hidden: true, timeout: withinMs });
    } catch {
      throw new Error(
        `${selector} is still there after ${withinMs} ms; the page says: ${await this.words()}`,
      );
    }
  }

  async says(pattern: RegExp, withinMs = PATIENCE_MS): Promise<void> {
    try {
      await this.page.waitForFunction(
        (source) => new RegExp(source).test(document.body.innerText),
        { timeout: withinMs, polling: 100 },
        pattern.source,
      );
    } catch {
      throw new Error(`no ${String(pattern)} within ${withinMs} ms; the page says: ${await this.words()}`);
    }
  }

  async click(name: string): Promise<void> {
    await this.shows(control(name));
    await this.page.click(control(name));
  }

  /** Fills in a name at the door and joins. */
  async join(name: string): Promise<void> {
    await this.shows('[data-state="prejoin"]');
    await this.page.locator('input[name="name"]').fill(name);
    await this.click('join');
    await this.isIn();
  }

  async isIn(): Promise<void> {
    await this.shows('[data-state="room"][data-media="live"]', 2 * PATIENCE_MS);
  }

  /** Waits until this many others are seen, in pictures that go on. */
  async sees(count: number): Promise<void> {
    await this.page
      .waitForFunction(
        (others, wanted) => {
          const videos = [
            ...document.querySelectorAll<HTMLVideoElement>(`${others} video[data-picture="shown"]`),
          ];
          return videos.length === wanted && videos.every((video) => video.videoWidth > 0 && !video.paused);
        },
        { timeout: PATIENCE_MS, polling: 100 },
        OTHERS,
        count,
      )
      .catch(async () => {
        throw new Error(`not ${count} pictures of others; the page says: ${await this.words()}`);
      });
  }

  /** Waits until the roster counts this many others and every tile with a camera has its picture. */
  async settles(others: number): Promise<void> {
    await this.shows(`${control('people')}[aria-label*=", ${others + 1} "]`);
    await this.page
      .waitForFunction(
        (tiles) => {
          const shown = [...document.querySelectorAll(`${tiles}[data-camera="on"]`)];
          return shown.length > 0 && shown.every((tile) => tile.querySelector('video[data-picture="shown"]'));
        },
        { timeout: 2 * PATIENCE_MS, polling: 100 },
        OTHERS,
      )
      .catch(async () => {
        throw new Error(`not every picture came; the page says: ${await this.words()}`);
      });
  }

  words(): Promise<string> {
    return this.page.evaluate(() => document.body.innerText.replaceAll('\n', ' | '));
  }
}
