import { Observable, type ChatMessage, type Unsubscribe } from '../../client/index.ts';
import type { RoomMeeting } from './room-meeting.ts';

/** How far somebody got; `atMs` tells the message of this number from one of another room that counts alike. */
type Mark = Pick<ChatMessage, 'number' | 'atMs'>;

const BEGINNING: Mark = { number: 0, atMs: 0 };

/** Which messages of the chat a person has seen. What was written before they came does not count as missed. */
export class Reading {
  readonly unread = new Observable(0);
  readonly #meeting: RoomMeeting;
  #view: 'open' | 'closed' = 'closed';
  /** The newest message seen; undefined before the room's history is there. */
  #seen: Mark | undefined;
  /** The newest message that was told as missed. */
  #told = BEGINNING;

  constructor(meeting: RoomMeeting) {
    this.#meeting = meeting;
  }

  /** Calls `missed` with each message of others that comes while the chat is closed. */
  start(missed: (message: ChatMessage) => void): Unsubscribe {
    const stops = [
      this.#meeting.self.subscribe((self) => {
        if (self !== null) this.#seen ??= newest(this.#meeting.chat.value);
      }),
      this.#meeting.chat.subscribe((messages) => this.#take(messages, missed)),
    ];
    return () => {
      for (const stop of stops) stop();
    };
  }

  open(): void {
    this.#view = 'open';
    this.#seen = newest(this.#meeting.chat.value);
    this.unread.set(0);
  }

  close(): void {
    this.#view = 'closed';
  }

  #take(messages: readonly ChatMessage[], missed: (message: ChatMessage) => void): void {
    if (this.#seen === undefined) return;
    if (this.#view === 'open') return this.open();
    // A server that restarted counts from 1 again, and all of that is new.
    const seen = countsAnew(messages, this.#seen) ? BEGINNING : this.#seen;
    const told = countsAnew(messages, this.#told) ? BEGINNING : this.#told;
    const own = this.#meeting.self.value?.identity;
    const fresh = messages.filter((message) => message.number > seen.number && message.from !== own);
    for (const message of fresh) if (message.number > told.number) missed(message);
    this.#seen = seen;
    this.#told = newest(messages);
    this.unread.set(fresh.length);
  }
}

function newest(messages: readonly ChatMessage[]): Mark {
  return messages.at(-1) ?? BEGINNING;
}

function countsAnew(messages: readonly ChatMessage[], mark: Mark): boolean {
  if (newest(messages).number < mark.number) return true;
  const alike = messages.find(({ number }) => number === mark.number);
  return alike !== undefined && alike.atMs !== mark.atMs;
}
