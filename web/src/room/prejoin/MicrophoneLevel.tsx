import { Mic, MicOff } from 'lucide-react';
import type { ReactElement } from 'react';
import { useLevel } from '../hooks/use-level.ts';
import { useObservable } from '../hooks/use-observable.ts';
import type { Visit } from '../visit/visit.ts';
import { words } from '../words.ts';

/** A bar that moves while one speaks. */
export function MicrophoneLevel({ visit }: { readonly visit: Visit }): ReactElement | null {
  const microphone = useObservable(visit.microphone.state);
  const muted = useObservable(visit.microphoneMuted);
  const { ref, state } = useLevel(microphone.kind === 'on' ? microphone.track : null);
  const hint = state === 'held' ? words.door.levelHeld : words.door.silence;
  if (microphone.kind !== 'on') return null;
  return (
    <div className="level" data-muted={muted}>
      {muted ? <MicOff aria-hidden="true" /> : <Mic aria-hidden="true" />}
      <div
        className="level-bar"
        role="meter"
        aria-label={words.door.level}
        aria-valuemin={0}
        aria-valuemax={100}
        aria-valuenow={0}
        ref={ref}
      />
      <span className="level-hint">{muted ? words.door.muted : hint}</span>
    </div>
  );
}
