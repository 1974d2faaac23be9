import { SendHorizontal } from 'lucide-react';
import type { ReactElement } from 'react';
import { useObservable } from '../hooks/use-observable.ts';
import type { Draft } from '../visit/draft.ts';
import { words } from '../words.ts';

interface Props {
  readonly draft: Draft;
  readonly onSent: () => void;
}

/** The server takes 4 KiB, and a character is up to three bytes. */
const TEXT_CHARS_MAX = 1300;

/** Where one writes; each key draws this again, and not the messages above. */
export function Compose({ draft, onSent }: Props): ReactElement {
  const text = useObservable(draft.text);
  const trouble = useObservable(draft.trouble);
  const send = (): void => {
    void draft.send().then((outcome) => {
      if (outcome === 'sent') onSent();
    });
  };
  return (
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
          dir="auto"
          value={text}
          maxLength={TEXT_CHARS_MAX}
          aria-label={words.chat.field}
          placeholder={words.chat.field}
          enterKeyHint="send"
          onChange={(event) => draft.text.set(event.target.value)}
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
  );
}
