/** Why there can be no room of such a name. */
export type Refusal = 'slash' | 'dots' | 'too_long';

/** What the address bar asks for; a room that cannot be is the start page with the name that was asked for. */
export type Route =
  | { readonly kind: 'home'; readonly typed?: string; readonly why?: Refusal }
  | { readonly kind: 'room'; readonly room: string }
  | { readonly kind: 'invite' };

/** What somebody typed or pasted into the room field. */
export type RoomInput =
  | { readonly kind: 'room'; readonly room: string }
  | { readonly kind: 'empty' }
  | { readonly kind: 'refused'; readonly why: Refusal };

/** As the server bounds a room's name, bytes of UTF-8. */
const ROOM_BYTES_MAX = 128;

export function routeOf(path: string): Route {
  if (path === '/i') return { kind: 'invite' };
  const [, name] = /^\/rooms\/([^/]+)\/?$/.exec(path) ?? [];
  const room = name === undefined ? '' : decoded(name).trim();
  if (room === '') return { kind: 'home' };
  const why = refusal(room);
  return why === null ? { kind: 'room', room } : { kind: 'home', typed: room, why };
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
  if (room === '') return { kind: 'empty' };
  const why = refusal(room);
  return why === null ? { kind: 'room', room } : { kind: 'refused', why };
}

function refusal(room: string): Refusal | null {
  if (room.includes('/')) return 'slash';
  if (room === '.' || room === '..') return 'dots';
  return new TextEncoder().encode(room).length > ROOM_BYTES_MAX ? 'too_long' : null;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
