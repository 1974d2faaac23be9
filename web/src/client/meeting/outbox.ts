import { ProblemError, type Problem } from '../problem.ts';
import type { ChatMessage, Joined } from '../wire.ts';
import { NO_ANSWER, NOT_IN_ROOM, RequestError } from './request-error.ts';

/** Messages that may wait for the socket; a person who wrote more has noticed. */
const WAITING_MAX = 16;

const TOO_MANY: Problem = {
  title: 'Too many messages wait to be sent',
  detail: 'The connection to the server is gone. Try again when it is back.',
};

interface Letter {
  readonly text: string;
  readonly done: () => void;
  readonly fail: (error: unknown) => void;
}

/** Sends chat messages in order, each once, over as many sockets as it takes. */
export class Outbox {
  readonly #send: (text: string) => Promise<unknown>;
  readonly #letters: Letter[] = [];
  #sending: 'yes' | 'no' = 'no';
  /** Whether the first letter left and nobody knows whether it came. */
  #doubt: 'yes' | 'no' = 'no';
  #lastNumber = 0;
  /** Who the letters so far came from. */
  #self = '';

  constructor(send: (text: string) => Promise<unknown>) {
    this.#send = send;
  }

  post(text: string): Promise<void> {
    if (this.#letters.length >= WAITING_MAX) return Promise.reject(new ProblemError(TOO_MANY, 'temporary'));
    return new Promise((done, fail) => {
      this.#letters.push({ text, done, fail });
      void this.#work();
    });
  }

  /** The room was caught up: a letter in doubt is either among the newest messages or goes again. */
  caughtUp({ participant, chat, resumed }: Pick<Joined, 'participant' | 'chat' | 'resumed'>): void {
    // Another room of this name, as after a restart of the server, counts from 1 again.
    if (!resumed && chat.every(({ number }) => number < this.#lastNumber)) this.#lastNumber = 0;
    const [first] = this.#letters;
    if (this.#doubt === 'yes' && first !== undefined) {
      const arrived = chat.some(
        ({ number, from, text }) => number > this.#lastNumber && from === this.#self && text === first.text,
      );
      if (arrived) {
        this.#letters.shift();
        first.done();
      }
    }
    this.#doubt = 'no';
    this.#self = participant;
    this.saw(chat);
    void this.#work();
  }

  /** Counts what was seen, to tell what is new after an interruption. */
  saw(chat: readonly ChatMessage[]): void {
    this.#lastNumber = Math.max(this.#lastNumber, ...chat.map(({ number }) => number));
  }

  /** The room is left: nothing more goes. */
  close(): void {
    for (const letter of this.#letters.splice(0)) letter.fail(new ProblemError(NOT_IN_ROOM, 'permanent'));
    this.#doubt = 'no';
    this.#lastNumber = 0;
  }

  async #work(): Promise<void> {
    if (this.#sending === 'yes' || this.#doubt === 'yes') return;
    this.#sending = 'yes';
    for (let letter = this.#letters[0]; letter !== undefined; letter = this.#letters[0]) {
      const outcome = await this.#deliver(letter);
      if (outcome === 'wait') break;
      if (this.#letters[0] === letter) this.#letters.shift();
    }
    this.#sending = 'no';
  }

  async #deliver(letter: Letter): Promise<'next' | 'wait'> {
    try {
      await this.#send(letter.text);
      letter.done();
      return 'next';
    } catch (error) {
      const unanswered = error instanceof ProblemError && error.problem === NO_ANSWER;
      if (error instanceof RequestError || unanswered) {
        letter.fail(error);
        return 'next';
      }
      // Not joined: it never left. Anything else: it may have.
      const left = !(error instanceof ProblemError && error.problem === NOT_IN_ROOM);
      if (left && this.#letters[0] === letter) this.#doubt = 'yes';
      return 'wait';
    }
  }
}
