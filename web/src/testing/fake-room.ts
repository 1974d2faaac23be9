import { EVERYTHING } from '../client/meeting/room-state.ts';
import type {
  ClientMessage,
  ErrorCode,
  Joined,
  Participant,
  Request,
  ServerMessage,
  TrackUse,
} from '../client/wire.ts';

export const PING_MS = 5_000;

/** One socket to the fake room: what came over it, and what the room says. */
export class FakeSocket extends EventTarget {
  readonly url: URL;
  readonly received: ClientMessage[] = [];
  readonly #room: FakeRoom;
  #state: 'opening' | 'open' | 'closed' = 'opening';

  constructor(url: URL, room: FakeRoom) {
    super();
    this.url = url;
    this.#room = room;
  }

  open(): void {
    this.#state = 'open';
    this.dispatchEvent(new Event('open'));
  }

  send(text: string): void {
    if (this.#state !== 'open') return;
    const message = JSON.parse(text) as ClientMessage;
    this.received.push(message);
    this.#room.take(this, message);
  }

  say(message: ServerMessage): void {
    if (this.#state === 'open') {
      this.dispatchEvent(new MessageEvent('message', { data: JSON.stringify(message) }));
    }
  }

  /** The network or the server drops it. */
  drop(): void {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    this.dispatchEvent(new Event('close'));
  }

  close(): void {
    this.#state = 'closed';
  }

  get closed(): boolean {
    return this.#state === 'closed';
  }
}

export function person(identity: string, tracks: Participant['tracks'] = []): Participant {
  return {
    identity,
    name: identity.toUpperCase(),
    metadata: {},
    presence: 'present',
    via: 'room',
    joinedAtMs: 0,
    tracks,
  };
}

/** A server that lets one client in, answers what it asks, and does as a test says. */
export class FakeRoom {
  readonly sockets: FakeSocket[] = [];
  /** Everything asked but pings, over all sockets. */
  readonly requests: Request[] = [];
  others: Participant[] = [];
  tracks: Participant['tracks'] = [];
  chat: Joined['chat'] = [];
  slots: Joined['slots'] = [];
  access: Joined['access'] = 'token';
  grants: Joined['grants'] = [...EVERYTHING];
  encodings: Joined['encodings'] = [];
  speakers: Joined['speakers'] = { dominant: null, speaking: [] };
  /** Whether the next `joined` still has the media of before. */
  media = false;
  /** Types of requests that get no answer. */
  readonly silentOn = new Set<Request['type']>();
  /** Whether sockets open at all. */
  reachable = true;
  #errors = new Map<Request['type'], ErrorCode[]>();
  #tokens = 0;
  #known = new Set<string>();

  readonly createSocket = (url: URL): WebSocket => {
    const socket = new FakeSocket(url, this);
    this.sockets.push(socket);
    queueMicrotask(() => (this.reachable ? socket.open() : socket.drop()));
    return socket as unknown as WebSocket;
  };

  get socket(): FakeSocket {
    const last = this.sockets.at(-1);
    if (last === undefined) throw new Error('no socket was opened');
    return last;
  }

  /** The next requests of this type are refused so. */
  refuse(type: Request['type'], ...codes: ErrorCode[]): void {
    this.#errors.set(type, codes);
  }

  /** Knows no tokens any more, as after 20 s or a restart. */
  forget(): void {
    this.#known.clear();
    this.media = false;
  }

  of<T extends Request['type']>(type: T): Extract<Request, { type: T }>[] {
    return this.requests.filter((request): request is Extract<Request, { type: T }> => request.type === type);
  }

  take(socket: FakeSocket, { id, ...request }: ClientMessage): void {
    if (request.type !== 'ping') this.requests.push(request);
    if (this.silentOn.has(request.type)) return;
    const code = this.#errors.get(request.type)?.shift();
    queueMicrotask(() => {
      if (code === undefined) this.#answer(socket, id, request);
      else socket.say({ type: 'error', id, code, message: `no ${request.type}` });
    });
  }

  #answer(socket: FakeSocket, id: number, request: Request): void {
    switch (request.type) {
      case 'join':
        this.#join(socket, id, request.resume, request.identity);
        break;
      case 'offer':
        this.media = true;
        this.tracks = (request.tracks ?? []).map(trackOf);
        socket.say({ type: 'answer', id, sdp: 'answer' });
        break;
      case 'ping':
        socket.say({ type: 'pong', id });
        break;
      case 'mute':
        this.tracks = this.tracks.map((track) =>
          track.mid === request.mid ? { ...track, muted: request.muted } : track,
        );
        socket.say({ type: 'ok', id });
        break;
      case 'layout':
      case 'chat':
      case 'leave':
        socket.say({ type: 'ok', id });
        break;
    }
  }

  #join(socket: FakeSocket, id: number, resume: string | undefined, identity = 'me'): void {
    if (resume !== undefined && !this.#known.has(resume)) {
      socket.say({ type: 'error', id, code: 'resume_failed', message: 'no such token' });
      return;
    }
    this.#known.clear();
    this.#tokens += 1;
    const token = `token ${this.#tokens}`;
    this.#known.add(token);
    socket.say({
      type: 'joined',
      id,
      version: 1,
      room: 'tea',
      participant: identity,
      resume: token,
      resumeSeconds: 20,
      media: resume !== undefined && this.media,
      resumed: resume !== undefined,
      pingIntervalMs: PING_MS,
      access: this.access,
      grants: this.grants,
      iceServers: [],
      participants: [...this.others, person(identity, this.tracks)],
      chat: this.chat,
      speakers: this.speakers,
      slots: this.slots,
      encodings: this.encodings,
      publishRefusedBps: null,
    });
  }
}

function trackOf({ mid, source, muted = false }: TrackUse): Participant['tracks'][number] {
  const kind = source === 'microphone' || source === 'screen_audio' ? 'audio' : 'video';
  return { id: `${mid}@me`, mid, kind, source, muted };
}
