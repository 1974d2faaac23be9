import type { Meeting, MeetingOptions } from '../../client/index.ts';
import type { LinkOptions } from '../lib/options.ts';

/** What the page uses of a meeting; a fake one serves for tests and stories. */
export type RoomMeeting = Pick<Meeting, keyof Meeting>;

export type MeetingFactory = (options: MeetingOptions) => RoomMeeting;

/** What a link's options mean to a meeting. */
export function meetingOptions(
  room: string,
  name: string,
  options: LinkOptions,
  token: string | undefined,
): MeetingOptions {
  const { identity, slots, codec, simulcast } = options;
  return {
    room,
    name,
    simulcast,
    ...(token === undefined ? {} : { token }),
    ...(identity === undefined ? {} : { identity }),
    ...(slots === undefined ? {} : { videoSlots: slots }),
    ...(codec === undefined ? {} : { codec }),
  };
}
