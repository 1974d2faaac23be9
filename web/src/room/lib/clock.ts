/** The time of day as this person writes it. */
const TIME = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit' });

export function timeOf(atMs: number): string {
  return TIME.format(atMs);
}
