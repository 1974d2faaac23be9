import type { ReactElement, RefObject } from 'react';
import type { Limit, Received, Slot } from '../../client/index.ts';
import { useObservable } from '../hooks/use-observable.ts';
import { useReception } from '../hooks/use-reception.ts';
import type { Place } from '../lib/place.ts';
import { boundOf, limitWords, rateWords, shareWords } from '../limit-words.ts';
import { Card } from '../ui/Card.tsx';
import type { RoomMeeting } from '../visit/room-meeting.ts';
import { sentence, slotWords, words } from '../words.ts';
import { RatePlot } from './RatePlot.tsx';

interface Props {
  readonly meeting: RoomMeeting;
  readonly slot: Slot;
  readonly what: string;
  readonly place: Place;
  readonly opener: RefObject<HTMLElement | null>;
  readonly onClose: () => void;
}

/** What one sees of somebody, in figures, and what limits it. */
export function SeenCard({ meeting, slot, what, place, opener, onClose }: Props): ReactElement {
  const minute = useReception(meeting, slot.mid);
  const bound = boundOf(slot, useObservable(meeting.limit));
  return (
    <Card title={what} id="seen" place={place} opener={opener} onClose={onClose}>
      <Sentence slot={slot} />
      <dl className="seen">
        {rows(slot, bound, minute.at(-1)).map(([key, value]) => (
          <div key={key}>
            <dt>{key}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      <RatePlot minute={minute} bound={bound} />
    </Card>
  );
}

/** What is up with it, if anything is. */
function Sentence({ slot }: { readonly slot: Slot }): ReactElement | null {
  const [state, why] = slotWords(slot);
  if (state !== '') return <p className="seen-state">{why === '' ? state : `${state}: ${why}.`}</p>;
  if (slot.limitedBy === null) return null;
  return <p className="seen-state">{sentence(limitWords(slot.limitedBy, slot.limitBps))}</p>;
}

/** `now` is undefined in the first second, and while nothing has ever come. */
function rows(
  { state, layer, limitedBy }: Slot,
  bound: Limit | null,
  now: Received | undefined,
): (readonly [string, string])[] {
  const { seen } = words;
  const live = state === 'live';
  const figure = (text: (received: Received) => string): string =>
    now === undefined ? (live ? seen.unknown : seen.nothing) : text(now);
  const lines = layer === null || layer.height === null ? null : seen.lines(layer, layer.height);
  return [
    [seen.layer, lines ?? (live ? seen.unknown : seen.nothing)],
    [seen.size, live ? figure(({ width, height }) => seen.pixels(width, height)) : seen.nothing],
    [seen.frames, figure(({ framesPerSecond }) => framesPerSecond.toFixed(0))],
    [seen.rate, figure(({ bitsPerSecond }) => rateWords(bitsPerSecond))],
    ...(bound === null
      ? []
      : ([[seen.allRate, shareWords(now?.allBitsPerSecond ?? null, bound.bps)]] as const)),
    [
      seen.limitedBy,
      limitedBy === null ? seen.nobody : limitedBy === 'link' ? seen.connection : seen.organiser,
    ],
  ];
}
