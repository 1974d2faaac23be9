import type { ReactElement } from 'react';
import type { Received } from '../../client/index.ts';
import { rateWords } from '../limit-words.ts';
import { words } from '../words.ts';

/** Of the drawing, in units of its own: one second is one across. */
const SECONDS = 60;
const HEIGHT = 24;

interface Props {
  readonly minute: readonly Received[];
  /** What may be sent in all, bit/s; null where nobody limits that. */
  readonly limitBps: number | null;
}

/**
 * The bit rate of the last minute, now at the right; the highest of it is the top. Under a limit also all that was received,
 * against a line at the limit. The card says in words what it shows.
 */
export function RatePlot({ minute, limitBps }: Props): ReactElement {
  const all = limitBps === null ? [] : minute.map(({ allBitsPerSecond }) => allBitsPerSecond);
  const picture = minute.map(({ bitsPerSecond }) => bitsPerSecond);
  const highest = Math.max(1, ...picture, ...all.map((rate) => rate ?? 0));
  const top = Math.max(highest, limitBps ?? 0);
  const limitY = limitBps === null ? null : height(limitBps, top);
  return (
    <figure className="seen-plot" aria-hidden="true">
      <figcaption>
        <span>{words.seen.minute}</span>
        <span>{minute.length === 0 ? '' : words.seen.top(rateWords(highest))}</span>
      </figcaption>
      <svg viewBox={`0 -1 ${SECONDS} ${HEIGHT + 2}`} preserveAspectRatio="none">
        {limitY !== null && <line className="seen-limit" x1="0" x2={SECONDS} y1={limitY} y2={limitY} />}
        {limitBps !== null && <polyline className="seen-all" points={points(all, top)} />}
        <polyline points={points(picture, top)} />
      </svg>
      {limitBps !== null && <Legend />}
    </figure>
  );
}

function Legend(): ReactElement {
  const { seen } = words;
  return (
    <ul className="seen-legend">
      <li data-line="picture">{seen.legendPicture}</li>
      <li data-line="all">{seen.legendAll}</li>
      <li data-line="limit">{seen.legendLimit}</li>
    </ul>
  );
}

function points(rates: readonly (number | null)[], top: number): string {
  const at = (rate: number | null, index: number): string[] =>
    rate === null ? [] : [`${SECONDS - (rates.length - 1 - index)},${height(rate, top)}`];
  return rates.flatMap(at).join(' ');
}

function height(rate: number, top: number): string {
  return (HEIGHT * (1 - rate / top)).toFixed(2);
}
