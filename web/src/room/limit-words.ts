import type { Layer, Limit, LimitedBy, Slot } from '../client/index.ts';

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

/** What bounds a picture in bits: as the server told last, and until it did as the slot says. */
export function boundOf({ limitedBy, limitBps }: Slot, told: Limit | null): Limit | null {
  switch (limitedBy) {
    case null:
    case 'height_cap':
      return null;
    case 'link':
    case 'cap':
    case 'room_cap':
      return told ?? (limitBps === null ? null : { by: 'cap', bps: limitBps });
  }
}

/** What the line in a plot is. */
export function boundWords(by: LimitedBy): string {
  switch (by) {
    case 'link':
      return 'limit: your connection, by estimate';
    case 'cap':
      return 'limit: the organiser’s for you';
    case 'room_cap':
      return 'limit: your share of the room’s';
    case 'height_cap':
      return 'limit: the organiser’s';
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

/** How much of a limit is taken, in the unit of the limit; null while nobody knows. */
export function shareWords(bitsPerSecond: number | null, limitBps: number): string {
  const kilobits = Math.round(limitBps / 1000);
  const inUnit = (bits: number): string =>
    kilobits < 1000 ? String(Math.round(bits / 1000)) : (bits / 1_000_000).toFixed(1);
  return `${bitsPerSecond === null ? '…' : inUnit(bitsPerSecond)} of ${rateWords(limitBps)}`;
}
