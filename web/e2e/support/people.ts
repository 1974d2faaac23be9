import type { JoinRequest } from '../page/person.ts';
import { FIREFOX_PITCH, chromium, firefox, type TestBrowser } from './browser.ts';
import { BLUE, GREEN, RED, YELLOW } from './expect-media.ts';
import { Person, type Look } from './person.ts';

export const NAMES = ['ann', 'ben', 'cy', 'fox'] as const;
export type Name = (typeof NAMES)[number];

/** Three in Chromium, and one in Firefox, whose microphone is the browser's own fake one. */
export const LOOKS: Readonly<Record<Name, Look>> = {
  ann: { color: RED, pitch: 620 },
  ben: { color: GREEN, pitch: 810 },
  cy: { color: BLUE, pitch: 1020 },
  fox: { color: YELLOW, pitch: FIREFOX_PITCH },
};

/** One Chromium with a window for each of three people, and one Firefox with the fourth. */
export class Crowd {
  readonly chrome: TestBrowser;
  readonly #fox: TestBrowser;
  readonly #people: Readonly<Record<Name, Person>>;

  private constructor(chrome: TestBrowser, fox: TestBrowser, people: Readonly<Record<Name, Person>>) {
    this.chrome = chrome;
    this.#fox = fox;
    this.#people = people;
  }

  /** Pages of the server's origin; nobody has joined. */
  static async gather(urls: Readonly<Record<Name, string>>): Promise<Crowd> {
    const [chrome, fox] = await Promise.all([chromium(), firefox()]);
    return new Crowd(chrome, fox, {
      ann: await Person.open(chrome, urls.ann, 'ann'),
      ben: await Person.open(chrome, urls.ben, 'ben'),
      cy: await Person.open(chrome, urls.cy, 'cy'),
      fox: await Person.open(fox, urls.fox, 'fox'),
    });
  }

  get all(): readonly Person[] {
    return NAMES.map((name) => this.#people[name]);
  }

  person(name: Name): Person {
    return this.#people[name];
  }

  /** Joins with this name's colour and tone. */
  async join(name: Name, room: string, extra: Partial<JoinRequest> = {}): Promise<void> {
    const sound = name === 'fox' ? ('microphone' as const) : ('tone' as const);
    await this.#people[name].join({ room, sound, ...LOOKS[name], ...extra });
  }

  /** Each of these sees the right colour and hears the right pitch of each other one. */
  async seeAndHear(among: readonly Name[] = NAMES, withinMs?: number): Promise<void> {
    await Promise.all(
      among.map(async (who) => {
        for (const other of among) {
          if (other === who) continue;
          await this.#people[who].sees(other, LOOKS[other].color, withinMs);
          await this.#people[who].hears(other, LOOKS[other].pitch, withinMs);
        }
      }),
    );
  }

  async close(): Promise<void> {
    await Promise.all([this.chrome.close(), this.#fox.close()]);
  }
}

/** Everybody on one address. */
export function allAt(url: string): Readonly<Record<Name, string>> {
  return { ann: url, ben: url, cy: url, fox: url };
}
