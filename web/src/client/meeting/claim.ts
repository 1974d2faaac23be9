import type { Surroundings } from './surroundings.ts';

/** How long a reload may wait for the page before it to let go, ms; a copied tab waits as long for nothing. */
export const CLAIM_MS_MAX = 500;

/** A name that only one page of this browser can have at a time; the browser takes it back when the page is gone. */
export class Claim {
  readonly #lock: Surroundings['lock'];
  #name = '';
  #letGo: () => void = () => undefined;

  constructor(lock: Surroundings['lock']) {
    this.#lock = lock;
  }

  /** Gives up the name of before and claims this one. Where the browser has no locks, everything is one's own. */
  take(name: string): Promise<'mine' | 'taken'> {
    if (this.#lock === null || this.#name === name) return Promise.resolve('mine');
    this.release();
    this.#name = name;
    const stop = new AbortController();
    const timer = setTimeout(() => stop.abort(), CLAIM_MS_MAX);
    let finish = (): void => undefined;
    const end = new Promise<void>((resolve) => (finish = resolve));
    const letGo = (): void => {
      clearTimeout(timer);
      stop.abort();
      finish();
    };
    this.#letGo = letGo;
    const hold = (): Promise<void> => {
      clearTimeout(timer);
      return end;
    };
    return this.#request(this.#lock, name, stop.signal, hold).then((outcome) => {
      if (outcome === 'taken' && this.#letGo === letGo) this.release();
      return outcome;
    });
  }

  release(): void {
    this.#name = '';
    this.#letGo();
    this.#letGo = () => undefined;
  }

  #request(
    lock: NonNullable<Surroundings['lock']>,
    name: string,
    signal: AbortSignal,
    hold: () => Promise<void>,
  ): Promise<'mine' | 'taken'> {
    return new Promise((resolve) => {
      lock(name, signal, () => {
        resolve('mine');
        return hold();
      }).catch(() => {
        // Aborted: another page has it. Anything else is a browser that lets nobody lock.
        resolve(signal.aborted ? 'taken' : 'mine');
      });
    });
  }
}
