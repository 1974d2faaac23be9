import type { Page } from 'puppeteer-core';
import { openWindow, type TestBrowser } from './browser.ts';
import { pageScript } from './paths.ts';
import { eventually } from './wait.ts';

type Part = 'speaks' | 'listens' | 'no camera';

/** Who else is in the pictures, in the order in which they come. */
const MEMBERS: readonly (readonly [string, Part])[] = [
  ['Ben Okafor', 'speaks'],
  ['Mira', 'listens'],
  ['Jonas Lindqvist', 'listens'],
  ['Aoife', 'listens'],
  ['Rafael Moreno', 'listens'],
  ['Leyla', 'listens'],
  ['Freja', 'no camera'],
  ['Thandi', 'listens'],
  ['Prof. Whitfield', 'listens'],
  ['Kaori', 'listens'],
  ['Sam', 'listens'],
  ['Kwame', 'listens'],
  ['Piotr', 'listens'],
  ['Nadia Rahman', 'listens'],
  ['Chiara', 'listens'],
];

/** Drawn people in a room, all on one page. */
export class Cast {
  readonly #page: Page;
  readonly #room: string;
  #count = 0;

  private constructor(page: Page, room: string) {
    this.#page = page;
    this.#room = room;
  }

  static async open(browser: TestBrowser, url: string, room: string): Promise<Cast> {
    const page = await openWindow(browser);
    await page.goto(`${url}/healthz`);
    await page.evaluate(`${pageScript('cast')}; window.cast = cast.cast; undefined`);
    return new Cast(page, room);
  }

  /** Lets them come in until there are this many. */
  async growTo(count: number): Promise<void> {
    for (; this.#count < count; this.#count += 1) {
      const [name, part] = MEMBERS[this.#count] ?? ['Guest', 'listens'];
      // Number 0 is the one who looks.
      await this.#page.evaluate(
        (room, who, number, what) => window.cast.enter(room, who, number, what),
        this.#room,
        name,
        this.#count + 1,
        part,
      );
      await eventually(
        `${name} is in`,
        () => this.#page.evaluate(() => window.cast.live()),
        (live) => live === this.#count + 1,
      );
    }
  }

  async say(member: number, text: string): Promise<void> {
    await this.#page.evaluate(
      (name, words) => window.cast.say(name, words),
      MEMBERS[member]?.[0] ?? '',
      text,
    );
  }

  /** Shares a screen, or no longer. */
  async present(member: number, on: boolean): Promise<void> {
    await this.#page.evaluate(
      (name, shared) => window.cast.present(name, shared),
      MEMBERS[member]?.[0] ?? '',
      on,
    );
  }

  async close(): Promise<void> {
    await this.#page.close();
  }
}
