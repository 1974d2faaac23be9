import { preferCodec, type VideoCodec } from './codec.ts';
import { Link, type LinkOptions } from './link.ts';
import type { Observable } from './observable.ts';
import type { LinkState } from './state.ts';

export interface WhipOptions extends Omit<LinkOptions, 'prepare'> {
  /** What is published; every track is sent once. */
  readonly stream: MediaStream;
  readonly codec?: VideoCodec;
  readonly simulcast?: 'on' | 'off';
}

/** The camera in three sizes, the smallest first: lists in SDP go that way (RFC 8853). */
const SIMULCAST: RTCRtpEncodingParameters[] = [
  { rid: 'q', scaleResolutionDownBy: 4 },
  { rid: 'h', scaleResolutionDownBy: 2 },
  { rid: 'f' },
];

/** Publishes a stream into a room by WHIP (RFC 9725). */
export class WhipClient {
  readonly #link: Link;

  constructor(options: WhipOptions) {
    this.#link = new Link({ ...options, prepare: (peer) => addTracks(peer, options) });
  }

  get state(): Observable<LinkState> {
    return this.#link.state;
  }

  get peer(): RTCPeerConnection | null {
    return this.#link.peer.value;
  }

  start(): void {
    this.#link.start();
  }

  stop(): Promise<void> {
    return this.#link.stop();
  }
}

function addTracks(peer: RTCPeerConnection, options: WhipOptions): void {
  for (const track of options.stream.getTracks()) {
    const simulcast = track.kind === 'video' && options.simulcast === 'on';
    const transceiver = peer.addTransceiver(track, {
      direction: 'sendonly',
      streams: [options.stream],
      ...(simulcast ? { sendEncodings: SIMULCAST } : {}),
    });
    if (track.kind === 'video' && options.codec !== undefined) {
      const capabilities = RTCRtpSender.getCapabilities('video');
      transceiver.setCodecPreferences(preferCodec(capabilities?.codecs ?? [], options.codec));
    }
  }
}
