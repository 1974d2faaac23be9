import type { Page } from 'puppeteer-core';
import type { MeetingState, Participant, Slot, TrackSource } from '../../src/client/index.ts';
import type { JoinRequest, RtpFigures, Way } from '../page/person.ts';
import type { Rgb, Size } from '../page/picture.ts';
import { personPage, type TestBrowser } from './browser.ts';
import { figure, isColor, isPitch } from './expect-media.ts';
import { eventually, PATIENCE_MS } from './wait.ts';

/** What a person sends. */
export interface Look {
  readonly color: Rgb;
  /** Hz. */
  readonly pitch: number;
}

export type Kind = 'audio' | 'video';

/** Somebody in a room: a page with the SDK in it, and what a test asks of it. */
export class Person {
  readonly name: string;
  readonly page: Page;

  constructor(name: string, page: Page) {
    this.name = name;
    this.page = page;
  }

  static async open(browser: TestBrowser, url: string, name: string): Promise<Person> {
    return new Person(name, await personPage(browser, url));
  }

  /** Joins, and is there when this returns. */
  async join(request: Omit<JoinRequest, 'name'>): Promise<void> {
    await this.page.evaluate((whole) => window.person.join(whole), { ...request, name: this.name });
    await this.isLive();
  }

  async isLive(withinMs = PATIENCE_MS): Promise<void> {
    await eventually(
      `${this.name} is in the room`,
      () => this.state(),
      (state) => state.kind === 'joined' && state.media === 'live',
      withinMs,
    );
  }

  state(): Promise<MeetingState> {
    return this.page.evaluate(() => window.person.state());
  }

  leave(): Promise<void> {
    return this.page.evaluate(() => window.person.leave());
  }

  participants(): Promise<readonly Participant[]> {
    return this.page.evaluate(() => window.person.participants());
  }

  history(): Promise<readonly string[]> {
    return this.page.evaluate(() => window.person.history());
  }

  negotiations(): Promise<number> {
    return this.page.evaluate(() => window.person.negotiations());
  }

  connections(): Promise<number> {
    return this.page.evaluate(() => window.person.connections());
  }

  camera(color: Rgb | null): Promise<void> {
    return this.page.evaluate((wanted) => window.person.camera(wanted), color);
  }

  microphone(pitch: number): Promise<void> {
    return this.page.evaluate((wanted) => window.person.microphone(wanted), pitch);
  }

  setMuted(source: TrackSource, muted: boolean): Promise<void> {
    return this.page.evaluate((what, on) => window.person.setMuted(what, on), source, muted);
  }

  sendChat(text: string): Promise<void> {
    return this.page.evaluate((words) => window.person.sendChat(words), text);
  }

  async chat(): Promise<string[]> {
    const all = await this.page.evaluate(() => window.person.chat());
    return all.map(({ text }) => text);
  }

  resize(tile: Size): Promise<void> {
    return this.page.evaluate((size) => window.person.resize(size), tile);
  }

  showOnly(identities?: readonly string[]): Promise<void> {
    return this.page.evaluate((who) => window.person.showOnly(who), identities);
  }

  framesShown(who: string): Promise<number> {
    return this.page.evaluate((identity) => window.person.framesShown(identity), who);
  }

  /** Waits until some pictures of a participant were put on screen. */
  async shows(who: string): Promise<void> {
    await eventually(
      `${this.name} is shown ${who}`,
      () => this.framesShown(who),
      (frames) => frames > 15,
    );
  }

  /** The slot that carries a participant's track here. */
  slot(who: string, kind: Kind): Promise<Slot | null> {
    return this.page.evaluate((identity, what) => window.person.slot(identity, what), who, kind);
  }

  way(): Promise<Way | null> {
    return this.page.evaluate(() => window.person.way());
  }

  uploadEstimate(): Promise<number> {
    return this.page.evaluate(() => window.person.uploadEstimate());
  }

  openData(label: string): Promise<void> {
    return this.page.evaluate((name) => window.person.openData(name), label);
  }

  /** Sends as soon as the channel takes it. */
  async sendData(label: string, message: string): Promise<void> {
    await eventually(
      `${this.name} sends to ${label}`,
      () => this.page.evaluate((name, text) => window.person.sendData(name, text), label, message),
      (outcome) => outcome === 'sent',
    );
  }

  /** What came on a channel. */
  data(label: string): Promise<readonly string[]> {
    return this.page.evaluate((name) => window.person.data(name), label);
  }

  inbound(who: string, kind: Kind): Promise<RtpFigures | null> {
    return this.page.evaluate((identity, what) => window.person.inbound(identity, what), who, kind);
  }

  outbound(kind: Kind): Promise<RtpFigures[]> {
    return this.page.evaluate((what) => window.person.outbound(what), kind);
  }

  /** One figure of how a participant arrives here; 0 while nothing does. */
  async received(who: string, kind: Kind, name: string): Promise<number> {
    return figure((await this.inbound(who, kind)) ?? {}, name);
  }

  /** One figure summed over what is sent. */
  async sent(kind: Kind, name: string): Promise<number> {
    return (await this.outbound(kind)).reduce((sum, stat) => sum + figure(stat, name), 0);
  }

  async sees(who: string, color: Rgb, withinMs = PATIENCE_MS): Promise<void> {
    await eventually(
      `${this.name} sees ${who} in ${color.join()}`,
      () => this.page.evaluate((identity) => window.person.color(identity), who),
      (seen) => isColor(seen, color),
      withinMs,
    );
  }

  /** Pitch 0 is silence. */
  async hears(who: string, pitch: number, withinMs = PATIENCE_MS): Promise<void> {
    await eventually(
      `${this.name} hears ${who} at ${pitch} Hz`,
      () => this.page.evaluate((identity) => window.person.pitch(identity), who),
      (heard) => isPitch(heard, pitch),
      withinMs,
    );
  }

  /** Waits until exactly these others are in the room. */
  async isWith(others: readonly string[], withinMs = PATIENCE_MS): Promise<void> {
    const wanted = [...others].sort().join();
    await eventually(
      `${this.name} is with ${wanted === '' ? 'nobody' : wanted}`,
      () => this.participants(),
      (all) =>
        all
          .map(({ identity }) => identity)
          .sort()
          .join() === wanted,
      withinMs,
    );
  }

  /** Waits until a participant is as a test wants them. */
  async knows(
    who: string,
    what: string,
    wanted: (participant: Participant) => boolean,
    withinMs = PATIENCE_MS,
  ): Promise<void> {
    await eventually(
      `${this.name} knows that ${who} ${what}`,
      async () => (await this.participants()).find(({ identity }) => identity === who) ?? null,
      (found) => found !== null && wanted(found),
      withinMs,
    );
  }
}
