import { ArrowDown } from 'lucide-react';
import { useEffect, type ReactElement } from 'react';
import { useFollowEnd } from '../hooks/use-follow-end.ts';
import { useObservable } from '../hooks/use-observable.ts';
import type { Draft } from '../visit/draft.ts';
import type { Reading } from '../visit/reading.ts';
import type { RoomMeeting } from '../visit/room-meeting.ts';
import { words } from '../words.ts';
import { ChatLine } from './ChatLine.tsx';
import { Compose } from './Compose.tsx';

interface Props {
  readonly meeting: RoomMeeting;
  readonly reading: Reading;
  readonly draft: Draft;
}

/** Messages of one person within this time stand under one name, ms. */
const TOGETHER_MS = 3 * 60_000;

export function Chat({ meeting, reading, draft }: Props): ReactElement {
  const messages = useObservable(meeting.chat);
  const self = useObservable(meeting.self);
  const { ref, atEnd, toEnd } = useFollowEnd(messages.length);
  useEffect(() => {
    reading.open();
    return () => reading.close();
  }, [reading]);
  return (
    <div className="chat">
      {/* eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- A list that scrolls is reached by keyboard. */}
      <div className="chat-list" role="log" aria-label={words.chat.title} tabIndex={0} ref={ref}>
        {messages.length === 0 && <p className="chat-empty">{words.chat.empty}</p>}
        {messages.map((message, index) => {
          const before = messages[index - 1];
          const goesOn = before?.from === message.from && message.atMs - before.atMs < TOGETHER_MS;
          return (
            <ChatLine
              key={message.number}
              message={message}
              by={message.from === self?.identity ? 'self' : 'other'}
              goesOn={goesOn}
            />
          );
        })}
      </div>
      {!atEnd && (
        <button type="button" className="chip chat-newer" onClick={toEnd}>
          <ArrowDown aria-hidden="true" />
          {words.chat.newer}
        </button>
      )}
      <Compose draft={draft} onSent={toEnd} />
    </div>
  );
}
