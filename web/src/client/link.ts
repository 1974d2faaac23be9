import { retryDelayMs } from './backoff.ts';
import { CONNECT_MS_MAX, DISCONNECTED_MS_MAX, RESTART_MS_MAX } from './limits.ts';
import { Observable, type Unsubscribe } from './observable.ts';
import { problemFromError, ProblemError, type Problem } from './problem.ts';
import { Resource, type ResourceOptions } from './resource.ts';
import { applyRestart, restartFragment } from './sdp.ts';
import type { LinkState } from './state.ts';

export interface LinkOptions extends ResourceOptions {
  /** Adds what is sent or received to each new peer connection; a reconnect makes a new one. */
  readonly prepare: (peer: RTCPeerConnection) => void;
  readonly createPeer?: (configuration: RTCConfiguration) => RTCPeerConnection;
  readonly random?: () => number;
  /** Where `pagehide` and `online` are heard; the window unless a test says otherwise. */
  readonly page?: EventTarget;
}

const UNREACHABLE: Problem = {
  title: 'Media cannot get through',
  detail: 'The server answered, but no media packet came back. A firewall may block UDP to its media port.',
};
const PATH_LOST: Problem = {
  title: 'The connection was lost',
  detail: 'The network path to the server went silent.',
};

/** One peer connection kept up over WHIP or WHEP: it connects, restarts ICE, reconnects, and ends. */
export class Link {
  readonly state = new Observable<LinkState>({ kind: 'idle' });
  /** The peer connection of the moment, for statistics. */
  readonly peer = new Observable<RTCPeerConnection | null>(null);
  readonly #options: LinkOptions;
  #resource: Resource | null = null;
  #attempt = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #unlisten: Unsubscribe = () => undefined;

  constructor(options: LinkOptions) {
    this.#options = options;
  }

  /** Connects; does nothing while it is already up or trying. */
  start(): void {
    const { kind } = this.state.value;
    if (kind === 'connecting' || kind === 'live' || kind === 'reconnecting') return;
    this.#attempt = 0;
    this.#listen();
    this.state.set({ kind: 'connecting' });
    void this.#connect();
  }

  /** Ends the session here and on the server. */
  async stop(): Promise<void> {
    const { kind } = this.state.value;
    if (kind !== 'connecting' && kind !== 'live' && kind !== 'reconnecting') return;
    const resource = this.#release();
    this.#unlisten();
    this.state.set({ kind: 'ended', by: 'us' });
    await resource?.delete().catch(() => undefined);
  }

  async #connect(): Promise<void> {
    const create = this.#options.createPeer ?? ((configuration) => new RTCPeerConnection(configuration));
    const peer = create({ bundlePolicy: 'max-bundle' });
    this.peer.set(peer);
    try {
      this.#options.prepare(peer);
      await peer.setLocalDescription();
      const offer = peer.localDescription?.sdp ?? '';
      const { resource, answer } = await Resource.create(offer, this.#options);
      if (this.peer.value !== peer) {
        await resource.delete().catch(() => undefined);
        return;
      }
      this.#resource = resource;
      this.#watch(peer);
      this.#arm(CONNECT_MS_MAX, () => this.#lose(peer, new ProblemError(UNREACHABLE, 'temporary')));
      await peer.setRemoteDescription({ type: 'answer', sdp: answer });
      this.#watchDtls(peer);
    } catch (error) {
      this.#lose(peer, problemFromError(error));
    }
  }

  #watch(peer: RTCPeerConnection): void {
    peer.addEventListener('connectionstatechange', () => {
      if (this.peer.value !== peer) return;
      switch (peer.connectionState) {
        case 'connected':
          clearTimeout(this.#timer);
          this.#attempt = 0;
          this.state.set({ kind: 'live' });
          break;
        case 'disconnected':
          this.#arm(DISCONNECTED_MS_MAX, () => void this.#restartIce(peer));
          break;
        case 'failed':
          void this.#restartIce(peer);
          break;
        case 'new':
        case 'connecting':
        case 'closed':
          break;
      }
    });
  }

  /** A DTLS alert tells at once that the server ended the session; ICE alone would notice half a minute later. */
  #watchDtls(peer: RTCPeerConnection): void {
    const [first] = peer.getTransceivers();
    const transport = first?.sender.transport ?? first?.receiver.transport ?? null;
    transport?.addEventListener('statechange', () => {
      if (transport.state === 'closed') void this.#closedByServer(peer);
    });
  }

  async #closedByServer(peer: RTCPeerConnection): Promise<void> {
    if (this.peer.value !== peer) return;
    const outlook = await this.#resource?.delete().then(
      () => 'permanent' as const,
      (error: unknown) => problemFromError(error).outlook,
    );
    if (this.peer.value !== peer) return;
    if (outlook === 'temporary') {
      this.#lose(peer, new ProblemError(PATH_LOST, 'temporary'));
      return;
    }
    this.#release();
    this.#unlisten();
    this.state.set({ kind: 'ended', by: 'server' });
  }

  async #restartIce(peer: RTCPeerConnection): Promise<void> {
    const resource = this.#resource;
    if (this.peer.value !== peer || resource === null) return;
    this.state.set({ kind: 'reconnecting', attempt: this.#attempt, retryInMs: 0, problem: PATH_LOST });
    this.#arm(RESTART_MS_MAX, () => this.#lose(peer, new ProblemError(PATH_LOST, 'temporary')));
    try {
      await peer.setLocalDescription(await peer.createOffer({ iceRestart: true }));
      const fragment = await resource.restart(restartFragment(peer.localDescription?.sdp ?? ''));
      const sdp = applyRestart(peer.remoteDescription?.sdp ?? '', fragment);
      await peer.setRemoteDescription({ type: 'answer', sdp });
    } catch {
      // Whatever refused the restart, a new session is the cure.
      this.#lose(peer, new ProblemError(PATH_LOST, 'temporary'));
    }
  }

  #lose(peer: RTCPeerConnection, error: ProblemError): void {
    if (this.peer.value !== peer) return;
    void this.#release()
      ?.delete()
      .catch(() => undefined);
    if (error.outlook === 'permanent') {
      this.#unlisten();
      this.state.set({ kind: 'failed', problem: error.problem });
      return;
    }
    this.#attempt += 1;
    const random = this.#options.random ?? Math.random;
    const retryInMs = error.retryAfterMs ?? retryDelayMs(this.#attempt, random());
    this.#arm(retryInMs, () => void this.#connect());
    this.state.set({ kind: 'reconnecting', attempt: this.#attempt, retryInMs, problem: error.problem });
  }

  /** Lets go of peer, timer and resource; gives the resource, which may still want its DELETE. */
  #release(): Resource | null {
    clearTimeout(this.#timer);
    const peer = this.peer.value;
    this.peer.set(null);
    peer?.close();
    const resource = this.#resource;
    this.#resource = null;
    return resource;
  }

  #arm(delayMs: number, action: () => void): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(action, delayMs);
  }

  #listen(): void {
    const page = this.#options.page ?? globalThis.window;
    const onHide = (): void => {
      const resource = this.#release();
      this.#unlisten();
      this.state.set({ kind: 'ended', by: 'us' });
      void resource?.delete(true).catch(() => undefined);
    };
    const onOnline = (): void => {
      if (this.state.value.kind === 'reconnecting' && this.peer.value === null) {
        this.#arm(0, () => void this.#connect());
      }
    };
    page.addEventListener('pagehide', onHide);
    page.addEventListener('online', onOnline);
    this.#unlisten = () => {
      page.removeEventListener('pagehide', onHide);
      page.removeEventListener('online', onOnline);
    };
  }
}
