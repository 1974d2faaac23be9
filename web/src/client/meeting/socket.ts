import { ProblemError, type Problem } from '../problem.ts';
import type { ClientMessage, Request, ServerMessage } from '../wire.ts';
import { NO_ANSWER, RequestError, SOCKET_LOST, UNREACHABLE } from './request-error.ts';

/** How long a request may wait for its answer, ms; the server answers in milliseconds. */
export const REQUEST_MS_MAX = 10_000;
/** How long the socket may take to open, ms. */
export const OPEN_MS_MAX = 10_000;
/** How long an answer to a probe may take, ms: somebody waits to know whether the network is still there. */
export const PROBE_MS_MAX = 3_000;

/** What answers each request. */
const ANSWERS = {
  join: 'joined',
  offer: 'answer',
  layout: 'ok',
  mute: 'ok',
  chat: 'ok',
  leave: 'ok',
  ping: 'pong',
} as const;

export type RequestType = keyof typeof ANSWERS;
export type AnswerTo<T extends RequestType> = Extract<ServerMessage, { type: (typeof ANSWERS)[T] }>;

interface Waiting {
  settle(answer: ServerMessage): void;
  fail(error: ProblemError): void;
}

/** What one socket tells; nothing after `closed`, which comes once. */
export interface SocketListener {
  opened(): void;
  message(message: ServerMessage): void;
  closed(problem: Problem): void;
}

/** One WebSocket from its opening to its end: requests with their answers, pings, and what the server says unasked. */
export class Socket {
  readonly #socket: WebSocket;
  readonly #listener: SocketListener;
  readonly #waiting = new Map<number, Waiting>();
  #nextId = 1;
  #state: 'opening' | 'open' | 'closed' = 'opening';
  #openTimer: ReturnType<typeof setTimeout>;
  #pings: ReturnType<typeof setInterval> | undefined;

  constructor(socket: WebSocket, listener: SocketListener) {
    this.#socket = socket;
    this.#listener = listener;
    this.#openTimer = setTimeout(() => this.#end(UNREACHABLE), OPEN_MS_MAX);
    socket.addEventListener('open', () => {
      if (this.#state !== 'opening') return;
      clearTimeout(this.#openTimer);
      this.#state = 'open';
      listener.opened();
    });
    socket.addEventListener('message', ({ data }) => this.#hear(data));
    socket.addEventListener('close', () => this.#end(this.#state === 'opening' ? UNREACHABLE : SOCKET_LOST));
  }

  request<R extends Request>(request: R, timeoutMs = REQUEST_MS_MAX): Promise<AnswerTo<R['type']>> {
    if (this.#state !== 'open') return Promise.reject(new ProblemError(SOCKET_LOST, 'temporary'));
    const id = this.#nextId;
    this.#nextId += 1;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#waiting.delete(id);
        reject(new ProblemError(NO_ANSWER, 'temporary'));
      }, timeoutMs);
      this.#waiting.set(id, {
        settle: (answer) => {
          clearTimeout(timer);
          if (isAnswer<R['type']>(answer, request.type)) resolve(answer);
          else if (answer.type === 'error')
            reject(new RequestError(answer.code, answer.message, answer.field));
          else reject(new RequestError('internal', `The server answered ${request.type} by ${answer.type}`));
        },
        fail: (error) => {
          clearTimeout(timer);
          reject(error);
        },
      });
      const message: ClientMessage = { id, ...request };
      this.#socket.send(JSON.stringify(message));
    });
  }

  /** Pings at each interval: a socket that died without a word is noticed before the second. */
  keepAlive(intervalMs: number): void {
    clearInterval(this.#pings);
    this.#pings = setInterval(() => this.probe(Math.min(PROBE_MS_MAX, intervalMs)), intervalMs);
  }

  /** Asks whether the server is still there; ends the socket if it does not say so in time. */
  probe(timeoutMs = PROBE_MS_MAX): void {
    if (this.#state !== 'open') return;
    this.request({ type: 'ping' }, timeoutMs).catch((error: unknown) => {
      if (!(error instanceof RequestError)) this.#end(SOCKET_LOST);
    });
  }

  /** Ends it without telling the listener. */
  close(): void {
    this.#shut(SOCKET_LOST);
  }

  #hear(data: unknown): void {
    const message = parseMessage(data);
    if (this.#state !== 'open' || message === null) return;
    if (!('id' in message)) {
      this.#listener.message(message);
      return;
    }
    // An answer that comes after its time is nobody's.
    const waiting = this.#waiting.get(message.id);
    this.#waiting.delete(message.id);
    waiting?.settle(message);
  }

  #end(problem: Problem): void {
    if (this.#shut(problem) === 'now') this.#listener.closed(problem);
  }

  #shut(problem: Problem): 'now' | 'before' {
    if (this.#state === 'closed') return 'before';
    this.#state = 'closed';
    clearTimeout(this.#openTimer);
    clearInterval(this.#pings);
    this.#socket.close();
    for (const waiting of this.#waiting.values()) waiting.fail(new ProblemError(problem, 'temporary'));
    this.#waiting.clear();
    return 'now';
  }
}

/** Reads one message; null for what is none. Types of a newer server pass and are nobody's business. */
export function parseMessage(data: unknown): ServerMessage | null {
  if (typeof data !== 'string') return null;
  let message: unknown;
  try {
    message = JSON.parse(data);
  } catch {
    return null;
  }
  return typeof message === 'object' && message !== null && 'type' in message
    ? (message as ServerMessage)
    : null;
}

function isAnswer<T extends RequestType>(message: ServerMessage, request: T): message is AnswerTo<T> {
  return message.type === ANSWERS[request];
}
