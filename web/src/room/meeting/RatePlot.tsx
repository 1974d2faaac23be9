import type { ReactElement } from 'react';
import type { Received } from '../../client/index.ts';
import { rateWords, words } from '../words.ts';

/** Of the drawing, in units of its own: one second is one across. */
const SECONDS = 60;
const HEIGHT = 24;

/** The bit rate of the last minute, now at the right; the highest of it is the top. */
export function RatePlot({ minute }: { readonly minute: readonly Received[] }): ReactElement {
  const top = Math.max(1, ...minute.map(({ bitsPerSecond }) => bitsPerSecond));
  const points = minute.map(({ bitsPerSecond }, index) => {
    const x = SECONDS - (minute.length - 1 - index);
    return `${x},${(HEIGHT * (1 - bitsPerSecond / top)).toFixed(2)}`;
  });
  return (
    <figure className="seen-plot" aria-hidden="true">
      <figcaption>
        <span>{words.seen.minute}</span>
        <span>{minute.length === 0 ? '' : words.seen.top(rateWords(top))}</span>
      </figcaption>
      <svg viewBox={`0 -1 ${SECONDS} ${HEIGHT + 2}`} preserveAspectRatio="none">
        <polyline points={points.join(' ')} />
      </svg>
    </figure>
  );
}
