import type { ReactElement } from 'react';
import type { Limit, LimitedBy, Received } from '../../client/index.ts';
import { boundWords, rateWords } from '../limit-words.ts';
import { words } from '../words.ts';

/** Of the drawing, in units of its own: one second is one across. */
const SECONDS = 60;
const HEIGHT = 24;

interface Props {
  readonly minute: readonly Received[];
  /** What may be sent in all, and who says so; null where nothing limits that. */
  readonly bound: Limit | null;
}

/**
 * The bit rate of the last minute, now at the right; the highest of it is the top. Under a limit also all that was received,
 * against a line at what the limit was. The card says in words what it shows.
 */
export function RatePlot({ minute, bound }: Props): ReactElement {
  const all = bound === null ? [] : minute.map(({ allBitsPerSecond }) => allBitsPerSecond);
  const limits = bound === null ? [] : limitsOf(minute, bound.bps);
  const picture = minute.map(({ bitsPerSecond }) => bitsPerSecond);
  const highest = Math.max(1, ...picture, ...all.map((rate) => rate ?? 0));
  const top = Math.max(highest, ...limits);
  return (
    <figure className="seen-plot" aria-hidden="true">
      <figcaption>
        <span>{words.seen.minute}</span>
        <span>{minute.length === 0 ? '' : words.seen.top(rateWords(highest))}</span>
      </figcaption>
      <svg viewBox={`0 -1 ${SECONDS} ${HEIGHT + 2}`} preserveAspectRatio="none">
        {bound !== null && <polyline className="seen-limit" points={acrossFrom(limits, top)} />}
        {bound !== null && <polyline className="seen-all" points={points(all, top)} />}
        <polyline points={points(picture, top)} />
      </svg>
      {bound !== null && <Legend by={bound.by} />}
    </figure>
  );
}

function Legend({ by }: { readonly by: LimitedBy }): ReactElement {
  const { seen } = words;
  return (
    <ul className="seen-legend">
      <li data-line="picture">{seen.legendPicture}</li>
      <li data-line="all">{seen.legendAll}</li>
      <li data-line="limit">{boundWords(by)}</li>
    </ul>
  );
}

/** What the limit was at each reading, and is now; where nobody knows, it is taken to have been the same. */
function limitsOf(minute: readonly Received[], now: number): number[] {
  return [...minute.slice(0, -1).map(({ limitBps }) => limitBps ?? now), now];
}

/** From the left edge: before anybody looked, it is taken to have been what it was first. */
function acrossFrom(limits: readonly number[], top: number): string {
  return `0,${height(limits[0] ?? 0, top)} ${points(limits, top)}`;
}

function points(rates: readonly (number | null)[], top: number): string {
  const at = (rate: number | null, index: number): string[] =>
    rate === null ? [] : [`${SECONDS - (rates.length - 1 - index)},${height(rate, top)}`];
  return rates.flatMap(at).join(' ');
}

function height(rate: number, top: number): string {
  return (HEIGHT * (1 - rate / top)).toFixed(2);
}
