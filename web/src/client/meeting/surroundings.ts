/** What a meeting needs of a browser; tests bring their own. */
export interface Surroundings {
  /** Where `pagehide`, `online` and `offline` are heard. */
  readonly page: EventTarget;
  /** Where `visibilitychange` is heard. */
  readonly document: EventTarget & { readonly visibilityState: DocumentVisibilityState };
  /** Keeps what a reload must find again; null where the browser refuses. */
  readonly storage: Pick<Storage, 'getItem' | 'setItem' | 'removeItem'> | null;
  /**
   * Runs `held` while no other page of this origin holds a lock of this name, and as long as its promise is open;
   * rejects when it is aborted before (Web Locks). Null where the browser has none, as over plain HTTP.
   */
  readonly lock: ((name: string, signal: AbortSignal, held: () => Promise<void>) => Promise<unknown>) | null;
  readonly origin: URL;
  createPeer(configuration: RTCConfiguration): RTCPeerConnection;
  createSocket(url: URL): WebSocket;
  createAudio(): HTMLAudioElement;
  readonly createStream: (tracks: MediaStreamTrack[]) => MediaStream;
  /** What the browser can send video in. */
  readonly videoCodecs: () => RTCRtpCodec[];
  /** In [0, 1). */
  random(): number;
  /** On the clock of `performance.now()`, ms. */
  now(): number;
}

export function browser(): Surroundings {
  return {
    page: window,
    document,
    storage: storage(),
    lock: lock(),
    origin: new URL(location.origin),
    createPeer: (configuration) => new RTCPeerConnection(configuration),
    createSocket: (url) => new WebSocket(url),
    createAudio: () => new Audio(),
    createStream: (tracks) => new MediaStream(tracks),
    videoCodecs: () => RTCRtpSender.getCapabilities('video')?.codecs ?? [],
    random: Math.random,
    now: () => performance.now(),
  };
}

function lock(): Surroundings['lock'] {
  // Absent, against its type, where the page is no secure context.
  if (!('locks' in navigator)) return null;
  return (name, signal, held) => navigator.locks.request(name, { signal }, held);
}

/** Reading the property alone throws where a person blocks the site's data. */
function storage(): Storage | null {
  try {
    return sessionStorage;
  } catch {
    return null;
  }
}
