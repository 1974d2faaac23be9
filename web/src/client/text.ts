/** Half a character, as a cut in the wrong place leaves behind; the server could not read it. */
const HALF = /\p{Surrogate}/gu;

/** As much of `text` as fits into `bytesMax` bytes of UTF-8, whole characters only. */
export function cutToBytes(text: string, bytesMax: number): string {
  const encoder = new TextEncoder();
  const whole = text.replace(HALF, '\u{fffd}');
  let bytes = 0;
  let cut = '';
  for (const character of whole) {
    bytes += encoder.encode(character).length;
    if (bytes > bytesMax) return cut.trimEnd();
    cut += character;
  }
  return whole;
}
