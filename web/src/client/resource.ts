import { ProblemError, problemFromResponse } from './problem.ts';

export interface ResourceOptions {
  readonly endpoint: string;
  /** Sent as `Authorization: Bearer`. */
  readonly token?: string;
  readonly fetch?: typeof fetch;
}

/** How long the server may take over one request, ms; it answers in a few. */
const REQUEST_MS_MAX = 10_000;

/** One session as the server sees it: made by POST, restarted by PATCH, ended by DELETE (RFC 9725). */
export class Resource {
  readonly url: string;
  #etag: string | null;
  readonly #options: ResourceOptions;

  private constructor(url: string, etag: string | null, options: ResourceOptions) {
    this.url = url;
    this.#etag = etag;
    this.#options = options;
  }

  /** Offers `sdp`; the answer comes back with the resource. */
  static async create(
    sdp: string,
    options: ResourceOptions,
  ): Promise<{ resource: Resource; answer: string }> {
    const response = await request(options, options.endpoint, 'POST', {
      body: sdp,
      headers: { 'Content-Type': 'application/sdp' },
    });
    const location = response.headers.get('location');
    if (response.status !== 201 || location === null) {
      throw new ProblemError(
        {
          title: 'This is no WHIP or WHEP endpoint',
          detail: 'The answer was not "201 Created" with a Location.',
          status: response.status,
        },
        'permanent',
      );
    }
    const base = response.url === '' ? options.endpoint : response.url;
    const resource = new Resource(new URL(location, base).href, response.headers.get('etag'), options);
    return { resource, answer: await response.text() };
  }

  /** Asks for an ICE restart; gives the server's fragment. */
  async restart(fragment: string): Promise<string> {
    const response = await request(this.#options, this.url, 'PATCH', {
      body: fragment,
      headers: { 'Content-Type': 'application/trickle-ice-sdpfrag', 'If-Match': '*' },
    });
    this.#etag = response.headers.get('etag') ?? this.#etag;
    return response.text();
  }

  get etag(): string | null {
    return this.#etag;
  }

  /** Ends the session. With `unloading` the request outlives the page. */
  async delete(unloading = false): Promise<void> {
    await request(this.#options, this.url, 'DELETE', unloading ? { keepalive: true } : {});
  }
}

async function request(
  options: ResourceOptions,
  url: string,
  method: string,
  init: { body?: string; headers?: Record<string, string>; keepalive?: boolean },
): Promise<Response> {
  const headers = new Headers(init.headers);
  if (options.token !== undefined) headers.set('Authorization', `Bearer ${options.token}`);
  const response = await (options.fetch ?? fetch)(url, {
    ...init,
    method,
    headers,
    signal: AbortSignal.timeout(REQUEST_MS_MAX),
  });
  if (!response.ok) throw await problemFromResponse(response);
  return response;
}
