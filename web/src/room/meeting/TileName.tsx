import { MicOff } from 'lucide-react';
import type { ReactElement } from 'react';

interface Props {
  readonly name: string;
  readonly microphone: 'on' | 'off';
  readonly note?: string;
}

/** The line at a tile's foot. */
export function TileName({ name, microphone, note = '' }: Props): ReactElement {
  return (
    <div className="tile-name">
      {microphone === 'off' && <MicOff aria-hidden="true" />}
      <span dir="auto">{name}</span>
      {note !== '' && <small>{note}</small>}
    </div>
  );
}
