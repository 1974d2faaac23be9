import { ArrowRight, Dices, KeyRound, Upload, Users } from 'lucide-react';
import { useState, type ReactElement } from 'react';
import { navigate } from '../hooks/use-route.ts';
import type { Theme } from '../hooks/use-theme.ts';
import { useTitle } from '../hooks/use-title.ts';
import { freshName } from '../lib/fresh-name.ts';
import { preferences } from '../lib/preferences.ts';
import { roomOf, roomPath, type Refusal } from '../lib/route.ts';
import { Brand } from '../ui/Brand.tsx';
import { PlainThemeButton } from '../ui/PlainThemeButton.tsx';
import { words } from '../words.ts';

const ICONS = [Upload, KeyRound, Users];

interface HomeProps {
  readonly theme: Theme;
  /** What the link that led here named, and why that is no room. */
  readonly typed?: string | undefined;
  readonly why?: Refusal | undefined;
}

/** Where a word or a link becomes a room. */
export function Home({ theme, typed = '', why }: HomeProps): ReactElement {
  const [text, setText] = useState(typed);
  const [trouble, setTrouble] = useState(why === undefined ? '' : words.home[why]);
  const last = preferences.value.room;
  useTitle(words.product);
  const enter = (): void => {
    const input = roomOf(text);
    if (input.kind === 'room') navigate(roomPath(input.room));
    else setTrouble(input.kind === 'empty' ? words.home.empty : words.home[input.why]);
  };
  return (
    <div className="home">
      <header className="top">
        <Brand />
        <PlainThemeButton theme={theme} />
      </header>
      <main className="home-main" data-state="home">
        <h1>{words.home.title}</h1>
        <p className="lead">{words.home.what}</p>
        <form
          className="room-form"
          noValidate
          onSubmit={(event) => {
            event.preventDefault();
            enter();
          }}
        >
          <label htmlFor="room">{words.home.field}</label>
          <div className="room-row">
            <input
              id="room"
              name="room"
              dir="auto"
              value={text}
              placeholder={words.home.placeholder}
              autoComplete="off"
              autoCapitalize="off"
              spellCheck={false}
              enterKeyHint="go"
              aria-invalid={trouble !== ''}
              aria-describedby="room-trouble"
              onChange={(event) => {
                setText(event.target.value);
                setTrouble('');
              }}
            />
            <button type="submit" className="button primary" data-control="enter">
              {words.home.enter}
              <ArrowRight aria-hidden="true" />
            </button>
          </div>
          <p id="room-trouble" className="trouble" role="alert">
            {trouble}
          </p>
        </form>
        <div className="home-more">
          <button
            type="button"
            className="button quiet"
            data-control="fresh"
            onClick={() => navigate(roomPath(freshName()))}
          >
            <Dices aria-hidden="true" />
            {words.home.fresh}
          </button>
          {last !== '' && (
            <button type="button" className="button link" onClick={() => navigate(roomPath(last))}>
              {words.home.last(last)}
            </button>
          )}
        </div>
        <ul className="facts">
          {words.home.facts.map(([title, detail], index) => {
            const Icon = ICONS[index] ?? Users;
            return (
              <li key={title}>
                <Icon aria-hidden="true" />
                <div>
                  <h2>{title}</h2>
                  <p>{detail}</p>
                </div>
              </li>
            );
          })}
        </ul>
      </main>
    </div>
  );
}
