const KINDS = [
  'amber', 'autumn', 'brave', 'bright', 'calm', 'clever', 'copper', 'cosy', 'crisp', 'early', 'gentle', 'golden',
  'happy', 'hidden', 'honest', 'jolly', 'kind', 'lively', 'lucky', 'mellow', 'merry', 'misty', 'nimble', 'quiet',
  'rapid', 'round', 'silver', 'sunny', 'swift', 'tidy', 'warm', 'wild',
]; // prettier-ignore
const THINGS = [
  'badger', 'beach', 'birch', 'brook', 'canyon', 'cedar', 'cloud', 'comet', 'crane', 'falcon', 'fern', 'finch',
  'forest', 'garden', 'harbor', 'heron', 'island', 'lagoon', 'lantern', 'maple', 'meadow', 'meteor', 'otter', 'pebble',
  'pine', 'planet', 'raven', 'river', 'robin', 'tulip', 'valley', 'walnut',
]; // prettier-ignore
/** Makes a name that two groups do not meet in by chance: with the words, a million names. */
const NUMBERS = 1000;

/** A room's name that one can say on the telephone. */
export function freshName(random: () => number = Math.random): string {
  return `${pick(KINDS, random)}-${pick(THINGS, random)}-${Math.floor(random() * NUMBERS)}`;
}

function pick(words: readonly string[], random: () => number): string {
  return words[Math.floor(random() * words.length)] ?? 'room';
}
