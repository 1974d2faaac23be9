import { lettersOf } from './letters.ts';

/** As many looks as styles/tile.css draws avatars in. */
const HUES = 8;

/** Up to two letters that stand for a name. */
export function initialsOf(name: string): string {
  const words = name.split(/[\s._-]+/u).filter((word) => word !== '');
  const letters = [words[0], words.length > 1 ? words.at(-1) : undefined]
    .map((word) => lettersOf(word ?? '')[0] ?? '')
    .join('');
  return letters === '' ? '?' : letters.toLocaleUpperCase();
}

/** The same colour for the same person at everybody's, 0 to 7. */
export function hueOf(identity: string): number {
  let sum = 0;
  for (const letter of identity) sum = (sum * 31 + (letter.codePointAt(0) ?? 0)) % 65_521;
  return sum % HUES;
}
