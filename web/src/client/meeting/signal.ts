import { retryDelayMs } from '../backoff.ts';
import { problemFromError, ProblemError, type Problem } from '../problem.ts';
import { VERSION, type Joined, type Request, type ServerMessage } from '../wire.ts';
import type { Memory } from './memory.ts';
import { DRAINING, NOT_IN_ROOM, RequestError, SOCKET_LOST } from './request-error.ts';
import { Socket, type AnswerTo } from './socket.ts';
import type { Surroundings } from './surroundings.ts';

/** How long a goodbye may take, ms; nobody waits longer for a page to let go. */
const LEAVE_MS_MAX = 1_000;

/** A server that throws one out sooner than this, ms, is not asked again at once. */
const STABLE_MS = 5_000;

/** Who one says one is. */
export interface Hello {
  readonly name: string;
  readonly metadata: Readonly<Record<string, string>>;
  readonly identity: string | undefined;
  readonly token: string | undefined;
}

export interface SignalListener {
  /** In, for the first time or again; the whole state is in it. */
  joined(joined: Joined): void;
  message(message: ServerMessage): void;
  /** Out for now; the next attempt is in `retryInMs`. */
  waiting(attempt: number, retryInMs: number, problem: Problem): void;
  /** Out for good: trying again would give the same. */
  failed(problem: Problem): void;
}

type Stage = 'stopped' | 'opening' | 'joined' | 'waiting';

/** The signalling of one participant over as many sockets as it takes. */
export class Signal {
  readonly #url: URL;
  readonly #hello: Hello;
  readonly #memory: Memory;
  readonly #surroundings: Surroundings;
  readonly #listener: SignalListener;
  #stage: Stage = 'stopped';
  #socket: Socket | null = null;
  #attempt = 0;
  #joinedAtMs = Infinity;
  #retry: ReturnType<typeof setTimeout> | undefined;

  constructor(url: URL, hello: Hello, memory: Memory, surroundings: Surroundings, listener: SignalListener) {
    this.#url = url;
    this.#hello = hello;
    this.#memory = memory;
    this.#surroundings = surroundings;
    this.#listener = listener;
  }

  get joined(): 'yes' | 'no' {
    return this.#stage === 'joined' ? 'yes' : 'no';
  }

  start(): void {
    if (this.#stage !== 'stopped') return;
    this.#stage = 'opening';
    this.#attempt = 0;
    void this.#memory.open().then(() => {
      if (this.#stage === 'opening' && this.#socket === null) this.#connect();
    });
  }

  /** Sends one request; fails at once where there is no room to send it to. */
  request<R extends Request>(request: R): Promise<AnswerTo<R['type']>> {
    if (this.#socket === null || this.#stage !== 'joined') {
      return Promise.reject(new ProblemError(NOT_IN_ROOM, 'temporary'));
    }
    return this.#socket.request(request);
  }

  /** The network may be another: ask whether the server still hears, or try now instead of later. */
  hint(): void {
    if (this.#stage === 'waiting') this.#connect();
    else if (this.#stage === 'joined') this.#socket?.probe();
  }

  /** Says goodbye and ends; one's identity may be asked for again by a page that only reloads. */
  async leave(keep: 'identity' | 'nothing' = 'nothing'): Promise<void> {
    const socket = this.#socket;
    const said = this.#stage === 'joined' ? socket?.request({ type: 'leave' }, LEAVE_MS_MAX) : undefined;
    this.#socket = null;
    this.stop();
    if (keep === 'identity') this.#forgetToken();
    else this.#memory.close();
    await said?.catch(() => undefined);
    socket?.close();
  }

  /** Ends without a word; the place is kept for `resumeSeconds`. */
  stop(): void {
    this.#stage = 'stopped';
    clearTimeout(this.#retry);
    this.#socket?.close();
    this.#socket = null;
  }

  #connect(): void {
    clearTimeout(this.#retry);
    this.#stage = 'opening';
    const socket: Socket = new Socket(this.#surroundings.createSocket(this.#url), {
      opened: () => void this.#join(socket),
      message: (message) => this.#hear(socket, message),
      closed: (problem) => {
        if (this.#socket === socket) this.#wait(problem);
      },
    });
    this.#socket = socket;
  }

  async #join(socket: Socket): Promise<void> {
    try {
      const joined = await this.#introduce(socket);
      if (this.#socket !== socket) return;
      this.#memory.save({ resume: joined.resume, identity: joined.participant });
      this.#stage = 'joined';
      this.#joinedAtMs = this.#surroundings.now();
      socket.keepAlive(joined.pingIntervalMs);
      this.#listener.joined(joined);
    } catch (error) {
      if (this.#socket !== socket) return;
      const { problem, outlook } = problemFromError(error);
      socket.close();
      if (outlook === 'temporary') {
        this.#wait(problem);
        return;
      }
      this.stop();
      this.#memory.close();
      this.#listener.failed(problem);
    }
  }

  /** Comes back by the token; if the server knows it no more, as somebody new of the same identity; or under any. */
  async #introduce(socket: Socket): Promise<Joined> {
    const { name, metadata, identity, token } = this.#hello;
    const proof = token === undefined ? {} : { token };
    const hello = { type: 'join', version: VERSION, name, metadata: { ...metadata }, ...proof } as const;
    const before = this.#memory.membership;
    const wish = identity ?? before?.identity;
    const asked = wish === undefined ? hello : { ...hello, identity: wish };
    if (before === null) return socket.request(asked);
    return socket
      .request(
        before.resume === ''
          ? asked
          : { ...hello, ...(identity === undefined ? {} : { identity }), resume: before.resume },
      )
      .catch((error: unknown) => {
        if (!isCode(error, 'resume_failed')) throw error;
        return socket.request(asked);
      })
      .catch((error: unknown) => {
        if (!isCode(error, 'identity_taken') || identity !== undefined) throw error;
        return socket.request(hello);
      });
  }

  #hear(socket: Socket, message: ServerMessage): void {
    if (this.#socket !== socket) return;
    if (message.type !== 'ended') {
      this.#listener.message(message);
      return;
    }
    socket.close();
    if (message.reason === 'draining') {
      this.#forgetToken();
      this.#wait(DRAINING);
      return;
    }
    this.stop();
    this.#memory.close();
    this.#listener.message(message);
  }

  /** A server that restarts knows no tokens, but one's identity is free again. */
  #forgetToken(): void {
    const identity = this.#memory.membership?.identity;
    if (identity !== undefined) this.#memory.save({ resume: '', identity });
  }

  #wait(problem: Problem): void {
    this.#socket = null;
    this.#stage = 'waiting';
    if (this.#surroundings.now() - this.#joinedAtMs > STABLE_MS) this.#attempt = 0;
    this.#joinedAtMs = Infinity;
    this.#attempt += 1;
    // The first attempt after a loss is at once: most sockets die of a network that is already another.
    const lost = this.#attempt === 1 && problem === SOCKET_LOST;
    const retryInMs = lost ? 0 : retryDelayMs(this.#attempt, this.#surroundings.random());
    this.#retry = setTimeout(() => this.#connect(), retryInMs);
    this.#listener.waiting(this.#attempt, retryInMs, problem);
  }
}

function isCode(error: unknown, code: RequestError['code']): boolean {
  return error instanceof RequestError && error.code === code;
}
