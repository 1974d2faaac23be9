import { Gauge, Info } from 'lucide-react';
import { useRef, useState, type ReactElement } from 'react';
import type { Slot } from '../../client/index.ts';
import { limitedWords } from '../limit-words.ts';
import { placeBeside, type Place } from '../lib/place.ts';
import { IconButton } from '../ui/IconButton.tsx';
import type { RoomMeeting } from '../visit/room-meeting.ts';
import { words } from '../words.ts';
import { SeenCard } from './SeenCard.tsx';

interface Props {
  readonly meeting: RoomMeeting;
  readonly slot: Slot;
  /** Whose picture or screen. */
  readonly what: string;
  readonly picture: 'blank' | 'shown';
}

/** In a tile's corner: the way to what is known of its picture, and the mark of one that is limited. */
export function SeenButton({ meeting, slot, what, picture }: Props): ReactElement {
  const button = useRef<HTMLButtonElement>(null);
  const [place, setPlace] = useState<Place | null>(null);
  const limitedBy = picture === 'shown' ? slot.limitedBy : null;
  const toggle = (): void => {
    const box = button.current?.getBoundingClientRect();
    setPlace(place === null && box !== undefined ? placeBeside(box, innerWidth, innerHeight) : null);
  };
  return (
    <div className="tile-seen" data-limited={slot.limitedBy ?? 'no'} data-opened={place !== null}>
      <IconButton
        id="seen"
        look="mark"
        label={limitedBy !== null ? limitedWords(what, limitedBy, slot.layer) : words.seen.open(what)}
        expanded={place !== null}
        ref={button}
        onClick={toggle}
      >
        {limitedBy !== null ? <Gauge /> : <Info />}
      </IconButton>
      {place !== null && (
        <SeenCard
          meeting={meeting}
          slot={slot}
          what={what}
          place={place}
          opener={button}
          onClose={() => setPlace(null)}
        />
      )}
    </div>
  );
}
