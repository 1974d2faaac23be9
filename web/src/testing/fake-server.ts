import { REMOTE_SDP } from './fake-peer.ts';

export interface Request {
  readonly method: string;
  readonly url: string;
  readonly body: string;
  readonly headers: Headers;
  readonly keepalive: boolean;
}

type Answer = () => Response | Error;

/** Answers like a WHIP endpoint until a test says otherwise, and remembers what was asked. */
export class FakeServer {
  readonly requests: Request[] = [];
  readonly #next = new Map<string, Answer[]>();

  /** The next requests of this method get these answers, in order. */
  script(method: string, ...answers: Answer[]): void {
    this.#next.set(method, answers);
  }

  count(method: string): number {
    return this.requests.filter((request) => request.method === method).length;
  }

  readonly fetch = (url: URL | RequestInfo, init: RequestInit = {}): Promise<Response> => {
    const method = init.method ?? 'GET';
    this.requests.push({
      method,
      url: url instanceof Request ? url.url : String(url),
      body: typeof init.body === 'string' ? init.body : '',
      headers: new Headers(init.headers),
      keepalive: init.keepalive === true,
    });
    const answer = this.#next.get(method)?.shift()?.() ?? ordinary(method);
    return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer);
  };
}

export function problem(status: number, title: string, detail: string, headers: HeadersInit = {}): Response {
  return new Response(JSON.stringify({ type: 'about:blank', title, detail, status }), {
    status,
    headers: { 'Content-Type': 'application/problem+json', ...Object.fromEntries(new Headers(headers)) },
  });
}

export function unreachable(): Error {
  return new TypeError('Failed to fetch');
}

export const RESTART_FRAGMENT = [
  'a=ice-lite',
  'm=video 9 UDP/TLS/RTP/SAVPF 96',
  'a=mid:0',
  'a=ice-ufrag:new',
  'a=ice-pwd:new-password',
  'a=candidate:1 1 udp 1 10.0.0.1 7882 typ host',
  '',
].join('\r\n');

function ordinary(method: string): Response {
  switch (method) {
    case 'POST':
      return new Response(REMOTE_SDP, {
        status: 201,
        headers: { Location: '/whip/room/secret', ETag: '"1"' },
      });
    case 'PATCH':
      return new Response(RESTART_FRAGMENT, { status: 200, headers: { ETag: '"2"' } });
    default:
      return new Response(null, { status: 200 });
  }
}
