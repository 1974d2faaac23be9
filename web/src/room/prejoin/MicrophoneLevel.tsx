import { Mic, MicOff } from 'lucide-react';
import type { ReactElement, RefObject } from 'react';
import { useLevel } from '../hooks/use-level.ts';
import { useObservable } from '../hooks/use-observable.ts';
import type { Visit } from '../visit/visit.ts';
import { words } from '../words.ts';

/** A bar that moves while one speaks. */
export function MicrophoneLevel({ visit }: { readonly visit: Visit }): ReactElement | null {
  const microphone = useObservable(visit.microphone.state);
  const muted = useObservable(visit.microphoneMuted);
  const level = useLevel(
    microphone.kind === 'on' ? microphone.track : null,
  ) as RefObject<HTMLDivElement | null>;
  if (microphone.kind !== 'on') return null;
  return (
    <div className="level" data-muted={muted}>
      {muted ? <MicOff aria-hidden="true" /> : <Mic aria-hidden="true" />}
      <div className="level-bar" role="img" aria-label={words.door.level} ref={level} />
      <span className="level-hint">{muted ? words.door.muted : words.door.silence}</span>
    </div>
  );
}
