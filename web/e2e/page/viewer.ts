import type { WhepClient } from '../../src/client/index.ts';
import type { Rgb } from './picture.ts';
import { recordedPitch } from './recorded-pitch.ts';

const SAMPLE_WIDTH = 16;
const SAMPLE_HEIGHT = 9;
/** 48,000 Hz over 8,192 points: 5.9 Hz a bin. */
const FFT_SIZE = 8192;
/** Below it, dB, a spectrum's peak is no tone. */
const TONE_DB_MIN = -70;

/** Sees and hears what a viewer's slots play. */
export class Viewer {
  readonly client: WhepClient;
  readonly #videos: HTMLVideoElement[];
  readonly #firstFrames: (number | null)[];
  readonly #shownTimestamps: (number | null)[];
  readonly #analysers = new Map<string, AnalyserNode>();
  #audio: AudioContext | undefined;

  constructor(client: WhepClient) {
    this.client = client;
    const started = performance.now();
    this.#firstFrames = client.slots.map(() => null);
    this.#shownTimestamps = client.slots.map(() => null);
    this.#videos = client.slots.map((slot, index) => {
      const video = document.createElement('video');
      video.muted = true;
      video.autoplay = true;
      video.playsInline = true;
      video.srcObject = slot.stream;
      const shown = (_now: number, frame: VideoFrameCallbackMetadata): void => {
        this.#firstFrames[index] ??= performance.now() - started;
        this.#shownTimestamps[index] = frame.rtpTimestamp ?? null;
        video.requestVideoFrameCallback(shown);
      };
      video.requestVideoFrameCallback(shown);
      document.body.append(video);
      return video;
    });
    client.start();
  }

  firstFrameMs(slot: number): number | null {
    return this.#firstFrames[slot] ?? null;
  }

  /** RTP time of the picture that is on screen, ticks of 90 kHz. */
  shownTimestamp(slot: number): number | null {
    return this.#shownTimestamps[slot] ?? null;
  }

  /** The average of the upper half, where nothing moves. */
  color(slot: number): Rgb | null {
    const video = this.#videos[slot];
    if (video === undefined || video.videoWidth === 0) return null;
    const canvas = document.createElement('canvas');
    canvas.width = SAMPLE_WIDTH;
    canvas.height = SAMPLE_HEIGHT;
    const context = canvas.getContext('2d', { willReadFrequently: true });
    if (context === null) return null;
    context.drawImage(video, 0, 0, SAMPLE_WIDTH, SAMPLE_HEIGHT);
    const { data } = context.getImageData(0, 0, SAMPLE_WIDTH, Math.floor(SAMPLE_HEIGHT / 2));
    const sums = [0, 0, 0];
    for (let i = 0; i < data.length; i += 1) {
      const channel = i % 4;
      if (channel < 3) sums[channel] = (sums[channel] ?? 0) + (data[i] ?? 0);
    }
    const pixels = data.length / 4;
    const [red = 0, green = 0, blue = 0] = sums.map((sum) => Math.round(sum / pixels));
    return [red, green, blue];
  }

  /** The strongest frequency, Hz; 0 while there is no tone. */
  async pitch(slot: number): Promise<number> {
    const track = this.client.slots[slot]?.stream.getAudioTracks()[0];
    if (track === undefined) return 0;
    if ((await this.#listening()) !== 'running') return recordedPitch(track);
    const analyser = this.#analyser(track);
    const spectrum = new Float32Array(analyser.frequencyBinCount);
    analyser.getFloatFrequencyData(spectrum);
    let best = 0;
    for (const [bin, level] of spectrum.entries()) {
      if (level > (spectrum[best] ?? -Infinity)) best = bin;
    }
    if ((spectrum[best] ?? -Infinity) < TONE_DB_MIN) return 0;
    return (best * analyser.context.sampleRate) / FFT_SIZE;
  }

  /** Firefox runs no AudioContext on a machine without a sound device. */
  async #listening(): Promise<AudioContextState> {
    if (this.#audio === undefined) {
      this.#audio = new AudioContext();
      await Promise.race([this.#audio.resume(), new Promise((resolve) => setTimeout(resolve, 500))]);
    }
    return this.#audio.state;
  }

  #analyser(track: MediaStreamTrack): AnalyserNode {
    const known = this.#analysers.get(track.id);
    if (known !== undefined) return known;
    const audio = (this.#audio ??= new AudioContext());
    const analyser = new AnalyserNode(audio, { fftSize: FFT_SIZE, smoothingTimeConstant: 0 });
    audio.createMediaStreamSource(new MediaStream([track])).connect(analyser);
    this.#analysers.set(track.id, analyser);
    return analyser;
  }
}
