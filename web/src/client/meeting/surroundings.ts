/** What a meeting needs of a browser; tests bring their own. */
export interface Surroundings {
  /** Where `pagehide`, `online` and `offline` are heard. */
  readonly page: EventTarget;
  /** Where `visibilitychange` is heard. */
  readonly document: EventTarget & { readonly visibilityState: DocumentVisibilityState };
  /** Keeps what a reload must find again; null where the browser refuses. */
  readonly storage: Pick<Storage, 'getItem' | 'setItem' | 'removeItem'> | null;
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

/** Reading the property alone throws where a person blocks the site's data. */
function storage(): Storage | null {
  try {
    return sessionStorage;
  } catch {
    return null;
  }
}
