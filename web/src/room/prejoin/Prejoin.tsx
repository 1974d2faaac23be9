import { useId, useState, type ReactElement } from 'react';
import type { Support } from '../../client/index.ts';
import type { Theme } from '../hooks/use-theme.ts';
import { useObservable } from '../hooks/use-observable.ts';
import { preferences } from '../lib/preferences.ts';
import { Brand } from '../ui/Brand.tsx';
import { PlainThemeButton } from '../ui/PlainThemeButton.tsx';
import type { DeviceState } from '../visit/local-device.ts';
import type { Visit } from '../visit/visit.ts';
import { words } from '../words.ts';
import { DevicePickers } from './DevicePickers.tsx';
import { DeviceTrouble } from './DeviceTrouble.tsx';
import { MicrophoneLevel } from './MicrophoneLevel.tsx';
import { Preview } from './Preview.tsx';

interface Props {
  readonly visit: Visit;
  readonly support: Support;
  readonly theme: Theme;
}

/** The server takes 128 bytes, and a character is up to three of them. */
const NAME_CHARS_MAX = 42;

/** At the door: who one is, and how one will look and sound. */
export function Prejoin({ visit, support, theme }: Props): ReactElement {
  const nameId = useId();
  const camera = useObservable(visit.camera.state);
  const microphone = useObservable(visit.microphone.state);
  const [name, setName] = useState(visit.options.name ?? preferences.value.name);
  const [trouble, setTrouble] = useState('');
  const join = (): void => {
    if (name.trim() === '') {
      setTrouble(words.door.nameMissing);
      document.getElementById(nameId)?.focus();
    } else visit.join(name.trim());
  };
  return (
    <div className="prejoin">
      <header className="top">
        <Brand />
        <PlainThemeButton theme={theme} />
      </header>
      <main className="prejoin-main" data-state="prejoin">
        <section className="prejoin-look" aria-label={words.door.preview}>
          <Preview visit={visit} />
          <MicrophoneLevel visit={visit} />
        </section>
        <form
          className="prejoin-form"
          noValidate
          onSubmit={(event) => {
            event.preventDefault();
            join();
          }}
        >
          <h1 dir="auto">{words.door.title(visit.room)}</h1>
          {support.kind === 'watch_only' ? (
            <div className="callout" role="status" data-cause="insecure">
              <strong>{support.title}</strong>
              <p>{support.cure}</p>
            </div>
          ) : (
            <DeviceTrouble visit={visit} />
          )}
          <div className="field">
            <label htmlFor={nameId}>{words.door.name}</label>
            <input
              id={nameId}
              name="name"
              dir="auto"
              value={name}
              maxLength={NAME_CHARS_MAX}
              placeholder={words.door.namePlaceholder}
              autoComplete="name"
              spellCheck={false}
              enterKeyHint="go"
              aria-invalid={trouble !== ''}
              aria-describedby={`${nameId}-trouble`}
              onChange={(event) => {
                setName(event.target.value);
                setTrouble('');
              }}
            />
            <p id={`${nameId}-trouble`} className="trouble" role="alert">
              {trouble}
            </p>
          </div>
          {support.kind === 'full' && <DevicePickers visit={visit} />}
          <button type="submit" className="button primary big" data-control="join">
            {joinWords(camera, microphone)}
          </button>
        </form>
      </main>
    </div>
  );
}

/** Says what one joins without, when that is not one's own choice. */
function joinWords(camera: DeviceState, microphone: DeviceState): string {
  const { joinWithout } = words.door;
  if (camera.kind === 'refused' && microphone.kind === 'refused') return joinWithout.neither;
  if (camera.kind === 'refused') return joinWithout.camera;
  if (microphone.kind === 'refused') return joinWithout.microphone;
  return joinWithout.both;
}
