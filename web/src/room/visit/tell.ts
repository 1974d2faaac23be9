import type { Participant, Unsubscribe } from '../../client/index.ts';
import { shorten } from '../lib/letters.ts';
import { noticeWords, words } from '../words.ts';
import type { Notices } from './notices.ts';
import type { Reading } from './reading.ts';
import type { RoomMeeting } from './room-meeting.ts';
import type { Visit } from './visit.ts';

/** A message in a notice is cut to this many letters. */
const QUOTE_LETTERS_MAX = 90;

/** Tells in the corner what happens in the room and to the devices, until told to stop. */
export function tellWhatHappens(
  notices: Notices,
  visit: Visit,
  meeting: RoomMeeting,
  reading: Reading,
): Unsubscribe {
  const stops = [
    tellComings(notices, meeting),
    ...[visit.camera, visit.microphone].map((device) => {
      const before = device.notice.value;
      return device.notice.subscribe((notice) => {
        if (notice !== null && notice !== before) notices.tell(noticeWords(notice), 'warning');
      });
    }),
    visit.screen.state.subscribe((state) => {
      if (state.kind === 'refused') notices.tell(`${state.problem.title}. ${state.problem.cure}`, 'warning');
    }),
    reading.start(({ name, text }) => {
      notices.tell(`${name}: ${shorten(text, QUOTE_LETTERS_MAX)}`);
    }),
  ];
  return () => {
    for (const stop of stops) stop();
  };
}

/** Nobody is announced who was here already. */
function tellComings(notices: Notices, meeting: RoomMeeting): Unsubscribe {
  let before: ReadonlyMap<string, Participant> | undefined;
  return meeting.participants.subscribe((others) => {
    if (meeting.self.value === null) return;
    const now = new Map(others.map((participant) => [participant.identity, participant]));
    if (before !== undefined) {
      for (const [identity, { name }] of now) if (!before.has(identity)) notices.tell(words.joined(name));
      for (const [identity, { name }] of before) if (!now.has(identity)) notices.tell(words.gone(name));
    }
    before = now;
  });
}
