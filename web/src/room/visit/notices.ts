import { Observable } from '../../client/index.ts';

/** Something small that is worth a glance. */
export interface Notice {
  readonly id: number;
  readonly tone: 'calm' | 'warning';
  readonly text: string;
}

/** More at once would hide the room. */
const SHOWN_MAX = 3;
/** Time to read a line, ms; warnings stay longer, since something may have to be done. */
const SHOWN_MS = { calm: 4000, warning: 10_000 };

/** What is told in the corner, newest last, each for a while. */
export class Notices {
  readonly list = new Observable<readonly Notice[]>([]);
  #count = 0;

  tell(text: string, tone: Notice['tone'] = 'calm'): void {
    const notice = { id: (this.#count += 1), tone, text };
    this.list.set([...this.list.value, notice].slice(-SHOWN_MAX));
    setTimeout(() => this.dismiss(notice.id), SHOWN_MS[tone]);
  }

  dismiss(id: number): void {
    if (this.list.value.some((notice) => notice.id === id)) {
      this.list.set(this.list.value.filter((notice) => notice.id !== id));
    }
  }
}
