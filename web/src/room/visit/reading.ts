import { Observable, type ChatMessage, type Unsubscribe } from '../../client/index.ts';
import type { RoomMeeting } from './room-meeting.ts';

/** Which messages of the chat a person has seen. What was written before they came does not count as missed. */
export class Reading {
  readonly unread = new Observable(0);
  readonly #meeting: RoomMeeting;
  #view: 'open' | 'closed' = 'closed';
  /** Number of the newest message seen; undefined before the room's history is there. */
  #seen: number | undefined;
  /** Number of the newest message that was told as missed. */
  #told = 0;

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
    const seen = this.#seen;
    if (seen === undefined) return;
    if (this.#view === 'open') return this.open();
    const own = this.#meeting.self.value?.identity;
    const fresh = messages.filter((message) => message.number > seen && message.from !== own);
    for (const message of fresh) if (message.number > this.#told) missed(message);
    this.#told = newest(messages);
    this.unread.set(fresh.length);
  }
}

function newest(messages: readonly ChatMessage[]): number {
  return messages.at(-1)?.number ?? 0;
}
