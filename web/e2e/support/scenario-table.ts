/** What was seen of a picture for a while. */
export interface Seen {
  readonly framesPerSecond: number;
  /** As the browser counts them. */
  readonly freezes: number;
  /** Of the time. */
  readonly frozenShare: number;
  /** Without a new picture on screen. */
  readonly longestMs: number;
  /** Of the picture's size. */
  readonly changesAMinute: number;
  /** Of what the link carries. */
  readonly usedShare?: number;
  /** What is on screen, behind what is on the screen of a viewer to whom nothing happens; half of the time less. */
  readonly behindMs?: number;
}

/** A scenario, what a person would want of it, and what there was. */
export interface Row extends Partial<Seen> {
  readonly scenario: string;
  readonly bar: string;
  /** What the columns do not say. */
  readonly told?: string;
}

const HEAD = [
  'scenario', 'wanted', 'frames/s', 'freezes', 'frozen', 'longest', 'sizes/min', 'link used', 'later by', 'and',
]; // prettier-ignore

/** As Markdown. */
export function table(rows: readonly Row[]): string {
  const cells = rows.map((row) => [
    row.scenario,
    row.bar,
    written(row.framesPerSecond, (fps) => fps.toFixed(1)),
    written(row.freezes, String),
    written(row.frozenShare, (share) => `${(100 * share).toFixed(1)} %`),
    written(row.longestMs, (ms) => `${(ms / 1000).toFixed(2)} s`),
    written(row.changesAMinute, (changes) => changes.toFixed(1)),
    written(row.usedShare, (share) => `${(100 * share).toFixed(0)} %`),
    written(row.behindMs, (ms) => `${ms.toFixed(0)} ms`),
    row.told ?? '',
  ]);
  const line = (row: readonly string[]): string => `| ${row.join(' | ')} |`;
  return `${[line(HEAD), line(HEAD.map(() => '---')), ...cells.map(line)].join('\n')}\n`;
}

/** How long something took, of several times: the middle, and what 95 of 100 stay below. */
export function asked(took: readonly number[]): string {
  const sorted = [...took].sort((a, b) => a - b);
  const at = (share: number): number => sorted[Math.ceil(share * sorted.length) - 1] ?? 0;
  return `p50 ${(at(0.5) / 1000).toFixed(2)} s, p95 ${(at(0.95) / 1000).toFixed(2)} s`;
}

function written(value: number | undefined, as: (value: number) => string): string {
  return value === undefined ? '' : as(value);
}
