import type { ChatMessage, Participant, ServerMessage, Slot } from '../wire.ts';

/** Messages kept for the page; the server's own history is shorter. */
const CHAT_MESSAGES_MAX = 1_000;

/** The participants after one more message, in order of arrival. */
export function applyToRoster(
  roster: readonly Participant[],
  message: Extract<
    ServerMessage,
    { type: 'participant_joined' | 'participant_changed' | 'participant_left' }
  >,
): readonly Participant[] {
  switch (message.type) {
    case 'participant_joined':
    case 'participant_changed': {
      const { participant } = message;
      const known = roster.some(({ identity }) => identity === participant.identity);
      return known
        ? roster.map((other) => (other.identity === participant.identity ? participant : other))
        : [...roster, participant];
    }
    case 'participant_left':
      return roster.filter(({ identity }) => identity !== message.participant);
  }
}

/** The slots after some of them changed. */
export function applyToSlots(slots: readonly Slot[], changed: readonly Slot[]): readonly Slot[] {
  const news = new Map(changed.map((slot) => [slot.mid, slot]));
  const known = new Set(slots.map(({ mid }) => mid));
  return [
    ...slots.map((slot) => news.get(slot.mid) ?? slot),
    ...changed.filter(({ mid }) => !known.has(mid)),
  ];
}

/** The chat with more messages, in the room's one order and each once. */
export function applyToChat(
  chat: readonly ChatMessage[],
  more: readonly ChatMessage[],
): readonly ChatMessage[] {
  const all = new Map([...chat, ...more].map((message) => [message.number, message]));
  return [...all.values()].sort((a, b) => a.number - b.number).slice(-CHAT_MESSAGES_MAX);
}
