import { preferCodec, type VideoCodec } from '../codec.ts';
import type { TrackEncodings, TrackSource, TrackUse } from '../wire.ts';
import {
  cameraEncodings,
  fitEncodings,
  screenEncodings,
  type PictureSize,
  type Simulcast,
  type Wanted,
} from './encodings.ts';
import { SOURCES, type Publications } from './publications.ts';
import type { Surroundings } from './surroundings.ts';

/** How long after the browser refused what is to be sent of a camera it is told once more, ms; each time twice as long. */
export const FIT_AGAIN_MS = 500;
/** How often it is told in all: what it refuses for good costs nothing. */
const FIT_TRIES_MAX = 5;

export interface SendOptions {
  readonly simulcast: Simulcast;
  readonly codec: VideoCodec;
}

/** The sections that one peer connection publishes by, one for each source that was ever used. */
export class Senders {
  readonly #connection: RTCPeerConnection;
  readonly #publications: Publications;
  readonly #options: SendOptions;
  readonly #codecs: RTCRtpCodec[];
  readonly #streams: { readonly person: MediaStream; readonly screen: MediaStream };
  readonly #sections = new Map<TrackSource, RTCRtpTransceiver>();
  /** What the server said of sections, by mid. */
  readonly #wanted = new Map<string, Wanted>();
  /** How often in a row the browser refused what is to be sent of the camera. */
  #refused = 0;
  #again: ReturnType<typeof setTimeout> | undefined;

  /** Microphone and camera get their sections at once, with or without a track: filling one later costs no offer. */
  constructor(
    connection: RTCPeerConnection,
    publications: Publications,
    options: SendOptions,
    { createStream, videoCodecs }: Surroundings,
  ) {
    this.#connection = connection;
    this.#publications = publications;
    this.#options = options;
    this.#codecs = preferCodec(videoCodecs(), options.codec);
    this.#streams = { person: createStream([]), screen: createStream([]) };
    for (const source of SOURCES) {
      const early = source === 'microphone' || source === 'camera';
      if (early || publications.get(source).track !== null) this.#add(source);
    }
  }

  /** Sends what is to be published from `source` now; says whether that takes an offer. */
  async apply(source: TrackSource): Promise<'done' | 'offer'> {
    const { track } = this.#publications.get(source);
    const section = this.#sections.get(source);
    if (section === undefined) {
      if (track === null) return 'done';
      this.#add(source);
      return 'offer';
    }
    await section.sender.replaceTrack(track);
    await this.#fit(source, section, track);
    if (source === 'microphone' || source === 'camera') return 'done';
    const direction = track === null ? 'inactive' : 'sendonly';
    if (section.direction === direction) return 'done';
    section.direction = direction;
    return 'offer';
  }

  /** Sends of these sections' encodings just those; where nobody is shown one, it costs upload and processor for nothing. */
  async want(tracks: readonly TrackEncodings[]): Promise<void> {
    for (const { mid, rids } of tracks) this.#wanted.set(mid, new Set(rids));
    this.#refused = 0;
    for (const [source, section] of this.#sections) {
      await this.#fit(source, section, this.#publications.get(source).track);
    }
  }

  /** Forgets what was said of encodings before. */
  forgetWanted(): void {
    this.#wanted.clear();
  }

  /** What each published section is for, and whether it is muted; for those that have a mid. */
  uses(): (TrackUse & { muted: boolean })[] {
    return [...this.#sections].flatMap(([source, { mid, direction }]) =>
      mid === null || direction !== 'sendonly'
        ? []
        : [{ mid, source, muted: this.#publications.silent(source) }],
    );
  }

  #add(source: TrackSource): void {
    const { track } = this.#publications.get(source);
    const screen = source === 'screen' || source === 'screen_audio';
    const kind = source === 'microphone' || source === 'screen_audio' ? 'audio' : 'video';
    const section = this.#connection.addTransceiver(track ?? kind, {
      direction: 'sendonly',
      streams: [screen ? this.#streams.screen : this.#streams.person],
      ...this.#encodings(source, track),
    });
    if (kind === 'video') this.#prefer(section);
    if (source === 'screen') void keepSharp(section.sender);
    this.#sections.set(source, section);
  }

  #prefer(section: RTCRtpTransceiver): void {
    if (this.#codecs.length === 0) return;
    try {
      section.setCodecPreferences(this.#codecs);
    } catch {
      // Absent or refused, the browser's own order of codecs stays: another codec than wished, and no reason not to send.
    }
  }

  #encodings(
    source: TrackSource,
    track: MediaStreamTrack | null,
  ): { sendEncodings?: RTCRtpEncodingParameters[] } {
    const { simulcast, codec } = this.#options;
    switch (source) {
      case 'camera':
        return { sendEncodings: cameraEncodings(sizeOf(track), simulcast, codec) };
      case 'screen':
        return { sendEncodings: screenEncodings(codec) };
      case 'microphone':
      case 'screen_audio':
        return {};
    }
  }

  /** Another camera has another size, and its encodings other scales. */
  async #fit(
    source: TrackSource,
    { sender, mid }: RTCRtpTransceiver,
    track: MediaStreamTrack | null,
  ): Promise<void> {
    const size = sizeOf(track);
    if (source !== 'camera' || size === undefined) return;
    // Read and set in one turn: browsers refuse what was read before anything else changed.
    const parameters = sender.getParameters();
    parameters.encodings = fitEncodings(parameters.encodings, size, this.#wanted.get(mid ?? ''));
    clearTimeout(this.#again);
    try {
      await sender.setParameters(parameters);
      this.#refused = 0;
    } catch {
      // Sizes and what is switched off stay as they were: no reason not to send, but what is wanted again would stay off.
      this.#fitAgain();
    }
  }

  #fitAgain(): void {
    this.#refused += 1;
    const section = this.#sections.get('camera');
    if (
      section === undefined ||
      this.#refused >= FIT_TRIES_MAX ||
      this.#connection.signalingState === 'closed'
    )
      return;
    const fit = (): void => void this.#fit('camera', section, this.#publications.get('camera').track);
    this.#again = setTimeout(fit, FIT_AGAIN_MS * 2 ** (this.#refused - 1));
  }
}

function sizeOf(track: MediaStreamTrack | null): PictureSize | undefined {
  const { width, height } = track?.getSettings() ?? {};
  return width === undefined || height === undefined ? undefined : { width, height };
}

/** Text that is slow can be read; text that is blurred cannot. */
async function keepSharp(sender: RTCRtpSender): Promise<void> {
  const parameters = sender.getParameters();
  parameters.degradationPreference = 'maintain-resolution';
  await sender.setParameters(parameters).catch(() => undefined);
}
