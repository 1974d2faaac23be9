import type { Layer, LimitedBy } from '../client/index.ts';

/** What keeps pictures small, or away. */
export function limitWords(limitedBy: LimitedBy): string {
  switch (limitedBy) {
    case 'link':
      return 'your connection carries no more just now';
    case 'cap':
      return 'the organiser limits how much you are sent';
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
