import { recordedPitch } from './recorded-pitch.ts';

/** 48,000 Hz over 8,192 points: 5.9 Hz a bin. */
const FFT_SIZE = 8192;
/** Below it, dB, a spectrum's peak is no tone. */
const TONE_DB_MIN = -70;

/** Hears the pitch of tracks. */
export class Ear {
  readonly #analysers = new Map<string, AnalyserNode>();
  #audio: AudioContext | undefined;

  /** The strongest frequency, Hz; 0 while there is no tone. */
  async pitch(track: MediaStreamTrack): Promise<number> {
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
