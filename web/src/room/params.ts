import { parseVideoCodec, type VideoCodec } from '../client/index.ts';

/** What a link to this page says. */
export interface Params {
  readonly room: string;
  readonly identity: string;
  /** What starts by itself. */
  readonly role: 'none' | 'publish' | 'watch';
  readonly slots: number;
  readonly watch: string | undefined;
  readonly codec: VideoCodec | undefined;
  readonly simulcast: 'on' | 'off';
}

const ROOM_DEFAULT = 'demo';
const SLOTS_DEFAULT = 4;
/** As many tiles as one page draws. */
const SLOTS_MAX = 16;

/** Reads `?room=` or `#room`, and the options beside it. */
export function readParams(url: URL, random: () => number): Params {
  const query = url.searchParams;
  const hash = decode(url.hash.slice(1));
  const role = query.get('role');
  const slots = Number(query.get('slots') ?? SLOTS_DEFAULT);
  const made = `guest-${Math.floor(random() * 0x10000)
    .toString(16)
    .padStart(4, '0')}`;
  return {
    room: (query.get('room') ?? hash).trim() || ROOM_DEFAULT,
    identity: query.get('identity')?.trim() || made,
    role: role === 'publish' || role === 'watch' ? role : 'none',
    slots: Number.isInteger(slots) && slots >= 1 && slots <= SLOTS_MAX ? slots : SLOTS_DEFAULT,
    watch: query.get('watch') ?? undefined,
    codec: parseVideoCodec(query.get('codec')),
    simulcast: query.has('simulcast') && query.get('simulcast') !== 'off' ? 'on' : 'off',
  };
}

/** The link that lets somebody else watch this room at once. */
export function watchLink(base: URL, room: string): string {
  const link = new URL('/', base);
  link.searchParams.set('room', room);
  link.searchParams.set('role', 'watch');
  return link.href;
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
