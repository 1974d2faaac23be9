import { Observable, type Participant, type Unsubscribe } from '../../client/index.ts';
import { seatsFor, type Seats } from '../lib/seats.ts';
import type { RoomMeeting } from './room-meeting.ts';

/** Who of the others has a tile, kept steady while people come, go and speak. */
export class Seating {
  readonly seats = new Observable<Seats>({ seen: [], more: 0 });
  readonly #meeting: RoomMeeting;
  readonly #lastSpoke = new Map<string, number>();
  #turn = 0;
  #capacity = 1;

  constructor(meeting: RoomMeeting) {
    this.#meeting = meeting;
  }

  start(): Unsubscribe {
    const stops = [
      this.#meeting.participants.subscribe((others) => {
        this.#forget(others);
        this.#seat();
      }),
      this.#meeting.speakers.subscribe(({ dominant, speaking }) => {
        this.#turn += 1;
        for (const identity of dominant === null ? speaking : [dominant, ...speaking]) {
          this.#lastSpoke.set(identity, this.#turn);
        }
        this.#seat();
      }),
    ];
    return () => {
      for (const stop of stops) stop();
    };
  }

  /** How many of the others have room. */
  resize(capacity: number): void {
    if (capacity === this.#capacity) return;
    this.#capacity = capacity;
    this.#seat();
  }

  #seat(): void {
    const everybody = this.#meeting.participants.value.map((participant) => participant.identity);
    const before = this.seats.value;
    const next = seatsFor(everybody, before.seen, this.#lastSpoke, this.#capacity);
    const same = next.more === before.more && next.seen.join('\n') === before.seen.join('\n');
    if (!same) this.seats.set(next);
  }

  #forget(others: readonly Participant[]): void {
    const here = new Set(others.map((participant) => participant.identity));
    for (const identity of this.#lastSpoke.keys()) if (!here.has(identity)) this.#lastSpoke.delete(identity);
  }
}
