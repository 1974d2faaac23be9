import type { Layer, LimitedBy } from '../client/index.ts';

/** What keeps pictures small, or away; `limitBps` if it is known what may be sent in all. */
export function limitWords(limitedBy: LimitedBy, limitBps: number | null): string {
  switch (limitedBy) {
    case 'link':
      return 'your connection carries no more just now';
    case 'cap':
      return limitBps === null
        ? 'the organiser limits how much you are sent'
        : `limited by the organiser to ${rateWords(limitBps)} in all`;
    case 'room_cap':
      return 'the organiser limits how much this room may send';
    case 'height_cap':
      return 'the organiser limits how large pictures may be';
  }
}

/** What the mark of a limited picture says; `height` in lines, null while nobody knows. */
export function limitedWords(what: string, limitedBy: LimitedBy, layer: Layer | null): string {
  const limited = `${what} is limited by ${limitedBy === 'link' ? 'your connection' : 'the organiser'}`;
  if (layer === null || layer.height === null) return limited;
  return `${limited}: ${layer.height} lines ${layer.temporal === null ? 'instead of more' : 'and fewer frames'}`;
}

/** Bits a second, in as many digits as one can read while they change. */
export function rateWords(bitsPerSecond: number): string {
  const kilobits = Math.round(bitsPerSecond / 1000);
  return kilobits < 1000 ? `${kilobits} kbit/s` : `${(kilobits / 1000).toFixed(1)} Mbit/s`;
}
