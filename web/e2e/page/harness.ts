import { WhepClient, WhipClient, type LinkState, type VideoCodec } from '../../src/client/index.ts';
import { fakeMicrophone, Picture, tone, type Rgb, type Size } from './picture.ts';
import { Viewer } from './viewer.ts';

export interface PublishRequest {
  readonly room: string;
  readonly identity: string;
  readonly color: Rgb;
  /** Of its tone, Hz. */
  readonly pitch: number;
  readonly codec?: VideoCodec;
  readonly relayPort?: number;
  /** `microphone` is the browser's fake one, whose pitch is set outside; the default is a tone of our own. */
  readonly sound?: 'tone' | 'microphone';
  /** Of the canvas. */
  readonly size?: Size;
  readonly framesPerSecond?: number;
}

export interface WatchRequest {
  readonly room: string;
  readonly slots?: number;
  readonly watch?: string;
  readonly relayPort?: number;
}

/** One outbound or inbound RTP stream under webrtc-stats' names, with its codec and the peer's report beside it. */
export type RtpStats = Readonly<Record<string, number | string | undefined>>;

type Client = WhipClient | WhepClient;

const publishers = new Map<string, { client: WhipClient; picture: Picture }>();
const viewers = new Map<string, Viewer>();

function client(name: string): Client {
  const found = publishers.get(name)?.client ?? viewers.get(name)?.client;
  if (found === undefined) throw new Error(`nobody is called ${name}`);
  return found;
}

function viewer(name: string): Viewer {
  const found = viewers.get(name);
  if (found === undefined) throw new Error(`nobody called ${name} watches`);
  return found;
}

/** What the tests ask of a page. Every call names the publisher or viewer it is about. */
export const harness = {
  async publish(name: string, request: PublishRequest): Promise<void> {
    const sound = request.sound === 'microphone' ? await fakeMicrophone() : tone(request.pitch);
    const picture = new Picture(request.color, sound, request.size, request.framesPerSecond);
    const endpoint = new URL(`/whip/${request.room}?identity=${request.identity}`, location.href).href;
    const made = new WhipClient({
      endpoint,
      stream: picture.stream,
      ...(request.codec === undefined ? {} : { codec: request.codec }),
      ...throughRelay(request.relayPort),
    });
    publishers.set(name, { client: made, picture });
    made.start();
  },

  watch(name: string, request: WatchRequest): void {
    const endpoint = new URL(`/whep/${request.room}`, location.href);
    if (request.watch !== undefined) endpoint.searchParams.set('watch', request.watch);
    const made = new WhepClient({
      endpoint: endpoint.href,
      slots: request.slots ?? 1,
      ...throughRelay(request.relayPort),
    });
    viewers.set(name, new Viewer(made));
  },

  async stop(name: string): Promise<void> {
    await client(name).stop();
    publishers.get(name)?.picture.stop();
  },

  state(name: string): LinkState {
    return client(name).state.value;
  },

  color(name: string, slot = 0): Rgb | null {
    return viewer(name).color(slot);
  },

  pitch(name: string, slot = 0): Promise<number> {
    return viewer(name).pitch(slot);
  },

  /** From start to the first picture, ms; null while there is none. */
  firstFrameMs(name: string, slot = 0): number | null {
    return viewer(name).firstFrameMs(slot);
  },

  /** When each picture so far came on screen, ms since 1970. */
  shownMs(name: string, slot = 0): readonly number[] {
    return viewer(name).shownMs(slot);
  },

  /** How far the picture of one viewer is behind another's of the same publisher, s. */
  behindS(name: string, ahead: string): number | null {
    const [shown, reference] = [name, ahead].map((who) => viewer(who).shownTimestamp(0));
    if (shown === null || shown === undefined || reference === null || reference === undefined) return null;
    return ((reference - shown) | 0) / 90_000;
  },

  async rtp(name: string): Promise<RtpStats[]> {
    const report = await client(name).peer?.getStats();
    if (report === undefined) return [];
    const stats = [...(report as ReadonlyMap<string, RtpStats>).values()];
    const byId = (id: unknown): RtpStats | undefined => stats.find((stat) => stat['id'] === id);
    return stats
      .filter((stat) => stat['type'] === 'inbound-rtp' || stat['type'] === 'outbound-rtp')
      .map((stat) => ({ ...stat, mimeType: byId(stat['codecId'])?.['mimeType'] }));
  },

  /** How many peer connections this page ever opened. */
  connections(): number {
    return opened;
  },

  /** How many transports (bundled: one) a link has. */
  async transports(name: string): Promise<number> {
    const report = await client(name).peer?.getStats();
    const stats = [...((report ?? new Map()) as ReadonlyMap<string, RtpStats>).values()];
    return stats.filter((stat) => stat['type'] === 'transport').length;
  },
};

let opened = 0;
window.RTCPeerConnection = class extends RTCPeerConnection {
  constructor(configuration?: RTCConfiguration) {
    super(configuration);
    opened += 1;
  }
};

/** Rewrites the answer's candidates so that media takes the way through a test's relay. */
function throughRelay(port: number | undefined): { fetch?: typeof fetch } {
  if (port === undefined) return {};
  return {
    fetch: async (input, init) => {
      const response = await fetch(input, init);
      if (response.status !== 201 && response.status !== 200) return response;
      const sdp = await response.text();
      const moved = sdp.replace(/^(a=candidate:\S+ \d+ \S+ \d+ \S+) \d+/gm, `$1 ${port}`);
      const headers = new Headers(response.headers);
      const location = headers.get('location');
      if (location !== null) headers.set('location', new URL(location, response.url).href);
      return new Response(moved, { status: response.status, headers });
    },
  };
}

export type Harness = typeof harness;

declare global {
  interface Window {
    harness: Harness;
  }
}
