import { Observable } from '../observable.ts';
import type {
  Access,
  ChatMessage,
  Grant,
  Joined,
  Limit,
  Participant,
  ServerMessage,
  Slot,
  Speakers,
} from '../wire.ts';
import { applyToChat, applyToRoster, applyToSlots } from './roster.ts';

/** What one may do until the server says otherwise. */
export const EVERYTHING: readonly Grant[] = [
  'join',
  'publish_microphone',
  'publish_camera',
  'publish_screen',
  'subscribe',
  'data',
];

const NOBODY: Speakers = { dominant: null, speaking: [] };

/** The room as the server tells it: a snapshot at each `joined`, and what changed since. */
export class RoomState {
  readonly self = new Observable<Participant | null>(null);
  /** The others, in order of arrival. */
  readonly participants = new Observable<readonly Participant[]>([]);
  readonly speakers = new Observable<Speakers>(NOBODY);
  readonly chat = new Observable<readonly ChatMessage[]>([]);
  readonly slots = new Observable<readonly Slot[]>([]);
  /** The limit that one's own sending is above, bit/s, so that some of it is refused; null: nothing is. */
  readonly refusedAbove = new Observable<number | null>(null);
  /** Whether the server asks for tokens; null until it has let one in. */
  readonly access = new Observable<Access | null>(null);
  /** What one may do here. */
  readonly grants = new Observable<readonly Grant[]>(EVERYTHING);
  /** What bounds all that one is sent, while it keeps pictures from being better. */
  readonly limit = new Observable<Limit | null>(null);
  #identity = '';
  #roster: readonly Participant[] = [];

  /** Takes the snapshot in place of all that was known; messages of before stay where the room is the same. */
  joined(joined: Joined): void {
    this.#identity = joined.participant;
    this.access.set(joined.access);
    this.grants.set(joined.grants);
    this.#setRoster(joined.participants);
    this.chat.set(applyToChat(joined.resumed ? this.chat.value : [], joined.chat));
    this.speakers.set(joined.speakers);
    this.slots.set(joined.slots);
    this.refusedAbove.set(joined.publishRefusedBps);
    // It is told again within a second.
    this.limit.set(null);
  }

  /** Applies what changed; other messages are not about the room. */
  apply(message: ServerMessage): void {
    switch (message.type) {
      case 'participant_joined':
      case 'participant_changed':
      case 'participant_left':
        this.#setRoster(applyToRoster(this.#roster, message));
        break;
      case 'slots':
        this.slots.set(applyToSlots(this.slots.value, message.slots));
        break;
      case 'speakers':
        this.speakers.set({ dominant: message.dominant, speaking: message.speaking });
        break;
      case 'chat':
        this.chat.set(applyToChat(this.chat.value, [message.message]));
        break;
      case 'publish_refused':
        this.refusedAbove.set(message.limitBps);
        break;
      case 'limit':
        this.limit.set(message.limit);
        break;
      case 'encodings':
      case 'restart_ice':
      case 'media_lost':
      case 'ended':
      case 'joined':
      case 'answer':
      case 'ok':
      case 'pong':
      case 'error':
        break;
    }
  }

  /** Nobody is seen from outside; the chat stays to be read. */
  left(): void {
    this.#setRoster([]);
    this.speakers.set(NOBODY);
    this.slots.set([]);
    this.refusedAbove.set(null);
    this.limit.set(null);
  }

  #setRoster(roster: readonly Participant[]): void {
    this.#roster = roster;
    this.self.set(roster.find(({ identity }) => identity === this.#identity) ?? null);
    this.participants.set(roster.filter(({ identity }) => identity !== this.#identity));
  }
}
