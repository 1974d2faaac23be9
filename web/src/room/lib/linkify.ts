/** A stretch of a message, told by whether it leads somewhere. */
export type Part = { readonly kind: 'text' | 'link'; readonly text: string };

/** Web addresses up to the punctuation that ends a sentence; nothing else becomes a link. */
const ADDRESS = /https?:\/\/[^\s<>"']*[^\s<>"'.,;:!?)\]}]/giu;

export function linkify(message: string): Part[] {
  const parts: Part[] = [];
  let end = 0;
  for (const match of message.matchAll(ADDRESS)) {
    if (match.index > end) parts.push({ kind: 'text', text: message.slice(end, match.index) });
    parts.push({ kind: 'link', text: match[0] });
    end = match.index + match[0].length;
  }
  if (end < message.length) parts.push({ kind: 'text', text: message.slice(end) });
  return parts;
}
