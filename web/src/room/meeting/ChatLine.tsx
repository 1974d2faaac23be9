import { memo, type ReactElement } from 'react';
import type { ChatMessage } from '../../client/index.ts';
import { timeOf } from '../lib/clock.ts';
import { linkify } from '../lib/linkify.ts';
import { words } from '../words.ts';

interface Props {
  readonly message: ChatMessage;
  readonly by: 'self' | 'other';
  /** Whether the line before is by the same person, just now. */
  readonly goesOn: boolean;
}

/** One message; a hundred of them are not drawn again for one that comes. */
export const ChatLine = memo(function ChatLine({ message, by, goesOn }: Props): ReactElement {
  const { name, text, atMs, number } = message;
  return (
    <article className="chat-line" data-by={by} data-number={number}>
      {!goesOn && (
        <p className="chat-who">
          <strong dir="auto">{by === 'self' ? words.chat.you : name}</strong>{' '}
          <time dateTime={new Date(atMs).toISOString()}>{timeOf(atMs)}</time>
        </p>
      )}
      <p className="chat-text" dir="auto">
        {linkify(text).map((part, index) =>
          part.kind === 'text' ? (
            part.text
          ) : (
            <a key={index} href={part.text} target="_blank" rel="noopener noreferrer">
              {part.text}
            </a>
          ),
        )}
      </p>
    </article>
  );
});
