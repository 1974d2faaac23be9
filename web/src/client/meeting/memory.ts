import { Claim } from './claim.ts';
import type { Surroundings } from './surroundings.ts';

/** What brings one back into a room as the same participant. */
export interface Membership {
  readonly resume: string;
  readonly identity: string;
}

/** Rooms that somebody in this page is in, by storage: two people of one page must not become one. */
const held = new WeakMap<object, Set<string>>();

/**
 * Remembers, per tab and room, who one was: a reload or a crashed tab comes back as the same participant. A browser that
 * copies a tab copies its memory too; the copy is somebody else as long as the first tab lives.
 */
export class Memory {
  readonly #storage: Surroundings['storage'];
  readonly #key: string;
  readonly #held: Set<string>;
  readonly #claim: Claim;
  #membership: Membership | null = null;
  #holds: 'key' | 'nothing' = 'nothing';

  constructor({ storage, lock }: Pick<Surroundings, 'storage' | 'lock'>, key: string) {
    this.#storage = storage;
    this.#claim = new Claim(lock);
    this.#key = `meeting ${key}`;
    this.#held = (storage === null ? undefined : held.get(storage)) ?? new Set();
    if (storage !== null) held.set(storage, this.#held);
  }

  get membership(): Membership | null {
    return this.#membership;
  }

  /** Takes up what the tab remembers, unless somebody else of this page or of another tab lives by it. */
  async open(): Promise<void> {
    if (this.#held.has(this.#key)) return;
    this.#held.add(this.#key);
    this.#holds = 'key';
    const saved = this.#read();
    if (saved === null || (await this.#claim.take(this.#nameOf(saved))) === 'taken') return;
    // Closed meanwhile, it finds nothing any more.
    this.#membership = this.#read();
  }

  save(membership: Membership): void {
    this.#membership = membership;
    if (this.#holds === 'nothing') return;
    void this.#claim.take(this.#nameOf(membership));
    try {
      this.#storage?.setItem(this.#key, JSON.stringify(membership));
    } catch {
      // A full or refused storage costs the place at a reload, no more.
    }
  }

  /** Forgets it: one left, or the room is another. */
  close(): void {
    this.#membership = null;
    this.#claim.release();
    if (this.#holds === 'nothing') return;
    this.#holds = 'nothing';
    this.#held.delete(this.#key);
    this.#storage?.removeItem(this.#key);
  }

  #nameOf({ identity }: Membership): string {
    return `${this.#key} ${identity}`;
  }

  #read(): Membership | null {
    try {
      const saved: unknown = JSON.parse(this.#storage?.getItem(this.#key) ?? 'null');
      if (typeof saved !== 'object' || saved === null) return null;
      if (!('resume' in saved) || typeof saved.resume !== 'string') return null;
      if (!('identity' in saved) || typeof saved.identity !== 'string') return null;
      return { resume: saved.resume, identity: saved.identity };
    } catch {
      return null;
    }
  }
}
