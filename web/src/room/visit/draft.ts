import { Observable } from '../../client/index.ts';
import { words } from '../words.ts';
import type { RoomMeeting } from './room-meeting.ts';

/** What one is about to say. It outlives the panel it is written in: a phone that is turned draws another. */
export class Draft {
  readonly text = new Observable('');
  /** Why the last message was not sent; empty when it was. */
  readonly trouble = new Observable('');
  readonly #meeting: RoomMeeting;

  constructor(meeting: RoomMeeting) {
    this.#meeting = meeting;
  }

  async send(): Promise<'sent' | 'kept'> {
    const said = this.text.value.trim();
    if (said === '') return 'kept';
    this.text.set('');
    this.trouble.set('');
    try {
      await this.#meeting.sendChat(said);
      return 'sent';
    } catch (error) {
      // What was written since stays.
      if (this.text.value === '') this.text.set(said);
      const why = error instanceof Error ? ` ${error.message}` : '';
      this.trouble.set(`${words.chat.failed}${why}`);
      return 'kept';
    }
  }
}
