import { ArrowDown, SendHorizontal } from 'lucide-react';
import { useEffect, useState, type ReactElement } from 'react';
import { useFollowEnd } from '../hooks/use-follow-end.ts';
import { useObservable } from '../hooks/use-observable.ts';
import type { Reading } from '../visit/reading.ts';
import type { RoomMeeting } from '../visit/room-meeting.ts';
import { words } from '../words.ts';
import { ChatLine } from './ChatLine.tsx';

interface Props {
  readonly meeting: RoomMeeting;
  readonly reading: Reading;
}

/** The server takes 4 KiB, and a character is up to three bytes. */
const TEXT_CHARS_MAX = 1300;
/** Messages of one person within this time stand under one name, ms. */
const TOGETHER_MS = 3 * 60_000;

export function Chat({ meeting, reading }: Props): ReactElement {
  const messages = useObservable(meeting.chat);
  const self = useObservable(meeting.self);
  const [text, setText] = useState('');
  const [trouble, setTrouble] = useState('');
  const { ref, atEnd, toEnd } = useFollowEnd(messages.length);
  useEffect(() => {
    reading.open();
    return () => reading.close();
  }, [reading]);
  const send = (): void => {
    const said = text.trim();
    if (said === '') return;
    setText('');
    setTrouble('');
    meeting.sendChat(said).then(toEnd, (error: unknown) => {
      // What was written since stays.
      setText((now) => now || said);
      setTrouble(error instanceof Error ? `${words.chat.failed} ${error.message}` : words.chat.failed);
    });
  };
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
      <form
        className="chat-form"
        onSubmit={(event) => {
          event.preventDefault();
          send();
        }}
      >
        <p className="trouble" role="alert">
          {trouble}
        </p>
        <div className="chat-row">
          <textarea
            // The panel was opened to write.
            // eslint-disable-next-line jsx-a11y/no-autofocus
            autoFocus
            rows={1}
            name="message"
            value={text}
            maxLength={TEXT_CHARS_MAX}
            aria-label={words.chat.field}
            placeholder={words.chat.field}
            enterKeyHint="send"
            onChange={(event) => setText(event.target.value)}
            onKeyDown={(event) => {
              if (event.key !== 'Enter' || event.shiftKey || event.nativeEvent.isComposing) return;
              event.preventDefault();
              send();
            }}
          />
          <button
            type="submit"
            className="icon-button"
            data-look="on"
            data-control="send"
            aria-label={words.chat.send}
          >
            <SendHorizontal />
          </button>
        </div>
      </form>
    </div>
  );
}
