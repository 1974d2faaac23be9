import type { Page } from 'puppeteer-core';
import { figure, stream } from './expect-media.ts';
import type { Seen } from './scenario-table.ts';

/** How often size and delay are looked at, ms. */
const LOOK_MS = 250;

interface Moment {
  readonly atMs: number;
  readonly frames: number;
  readonly freezes: number;
  readonly frozenS: number;
  readonly bits: number;
}

/** Watches one viewer's pictures for a while, beside another's to which nothing happens. */
export class Watching {
  readonly #page: Page;
  readonly #who: string;
  readonly #beside: string;
  readonly #before: Moment;
  readonly #behindS: number[] = [];
  readonly #heights: number[] = [];
  readonly #looking: Promise<void>;
  #phase: 'goes on' | 'over' = 'goes on';

  private constructor(page: Page, who: string, beside: string, before: Moment) {
    [this.#page, this.#who, this.#beside, this.#before] = [page, who, beside, before];
    this.#looking = this.#look();
  }

  static async begin(page: Page, who: string, beside: string): Promise<Watching> {
    return new Watching(page, who, beside, await moment(page, who));
  }

  /** What was seen; `capacityBps`: what the link carries. */
  async end(capacityBps?: number): Promise<Seen> {
    this.#phase = 'over';
    await this.#looking;
    const [before, after] = [this.#before, await moment(this.#page, this.#who)];
    const seconds = (after.atMs - before.atMs) / 1000;
    const times = await this.#page.evaluate((who) => window.harness.shownMs(who), this.#who);
    const changes = this.#heights.filter((height, i) => i > 0 && height !== this.#heights[i - 1]).length;
    const behind = [...this.#behindS].sort((a, b) => a - b);
    return {
      framesPerSecond: (after.frames - before.frames) / seconds,
      freezes: after.freezes - before.freezes,
      frozenShare: (after.frozenS - before.frozenS) / seconds,
      longestMs: longestGapMs(times, before.atMs, after.atMs),
      changesAMinute: (60 * changes) / seconds,
      ...(capacityBps === undefined ? {} : { usedShare: (after.bits - before.bits) / seconds / capacityBps }),
      ...(behind.length === 0 ? {} : { behindMs: 1000 * (behind[Math.floor(behind.length / 2)] ?? 0) }),
    };
  }

  async #look(): Promise<void> {
    while (this.#phase === 'goes on') {
      const behind = await this.#page.evaluate(
        (who, beside) => window.harness.behindS(who, beside),
        this.#who,
        this.#beside,
      );
      if (behind !== null) this.#behindS.push(behind);
      this.#heights.push(figure(await stream(this.#page, this.#who, 'video'), 'frameHeight'));
      await new Promise((done) => setTimeout(done, LOOK_MS));
    }
  }
}

async function moment(page: Page, who: string): Promise<Moment> {
  const video = await stream(page, who, 'video');
  const all = await page.evaluate((name) => window.harness.rtp(name), who);
  const bytes = all
    .map((stat) => figure(stat, 'bytesReceived') + figure(stat, 'headerBytesReceived'))
    .reduce((sum, more) => sum + more, 0);
  return {
    atMs: Date.now(),
    frames: figure(video, 'framesDecoded'),
    freezes: figure(video, 'freezeCount'),
    frozenS: figure(video, 'totalFreezesDuration'),
    bits: 8 * bytes,
  };
}

/** The longest time in which the screen did not change, from one moment to another, ms. */
export function longestGapMs(times: readonly number[], from: number, to: number): number {
  const within = [from, ...times.filter((time) => time > from && time < to), to];
  return Math.max(...within.map((time, i) => time - (within[i - 1] ?? time)));
}
