/** What a reader takes for one letter each; code points where the browser knows no better (Firefox before 125). */
export function lettersOf(text: string): string[] {
  if (!('Segmenter' in Intl)) return Array.from(text);
  return [...new Intl.Segmenter().segment(text)].map(({ segment }) => segment);
}

/** At most so many letters, and a sign that there were more. */
export function shorten(text: string, lettersMax: number): string {
  const letters = lettersOf(text);
  return letters.length > lettersMax ? `${letters.slice(0, lettersMax).join('')}…` : text;
}
