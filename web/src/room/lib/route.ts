/** What the address bar asks for. */
export type Route = { readonly kind: 'home' } | { readonly kind: 'room'; readonly room: string };

/** What somebody typed or pasted into the room field. */
export type RoomInput =
  | { readonly kind: 'room'; readonly room: string }
  | { readonly kind: 'empty' }
  | { readonly kind: 'refused'; readonly why: 'slash' | 'dots' | 'too_long' };

/** As the server bounds a room's name, bytes of UTF-8. */
const ROOM_BYTES_MAX = 128;

export function routeOf(path: string): Route {
  const [, name] = /^\/rooms\/([^/]+)\/?$/.exec(path) ?? [];
  const room = name === undefined ? '' : decoded(name).trim();
  return room === '' ? { kind: 'home' } : { kind: 'room', room };
}

export function roomPath(room: string): string {
  return `/rooms/${encodeURIComponent(room)}`;
}

/** The link that brings somebody else into this room. */
export function roomLink(room: string, origin: string): string {
  return new URL(roomPath(room), origin).href;
}

/** Takes a word as it is, and a pasted link apart. */
export function roomOf(input: string): RoomInput {
  const text = input.trim();
  if (text === '') return { kind: 'empty' };
  const linked = /^(?:https?:\/\/)?[^/\s]*\/rooms\/([^/?#\s]+)/i.exec(text)?.[1];
  const room = (linked === undefined ? text : decoded(linked)).trim();
  if (room.includes('/')) return { kind: 'refused', why: 'slash' };
  if (room === '.' || room === '..') return { kind: 'refused', why: 'dots' };
  if (new TextEncoder().encode(room).length > ROOM_BYTES_MAX) return { kind: 'refused', why: 'too_long' };
  return room === '' ? { kind: 'empty' } : { kind: 'room', room };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
