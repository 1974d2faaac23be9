import { Observable } from '../observable.ts';

/** How often the level is read, ms: as often as a meter's bar can be seen to move. */
const READ_MS = 50;
/** Samples looked at each time: 21 ms at 48 kHz. */
const WINDOW_SAMPLES = 1024;
/** What the bar's left end stands for, dB under full scale: a quiet room. */
const FLOOR_DB = -60;

/** How loud a microphone's track is. */
export class LevelMeter {
  /** From 0 (as quiet as a room) to 1 (full scale), even to the ear. */
  readonly level = new Observable(0);
  readonly #context: AudioContext;
  readonly #timer: ReturnType<typeof setInterval>;

  constructor(track: MediaStreamTrack) {
    this.#context = new AudioContext();
    const analyser = new AnalyserNode(this.#context, { fftSize: WINDOW_SAMPLES });
    this.#context.createMediaStreamSource(new MediaStream([track])).connect(analyser);
    const samples = new Float32Array(WINDOW_SAMPLES);
    this.#timer = setInterval(() => {
      analyser.getFloatTimeDomainData(samples);
      this.level.set(loudness(samples));
    }, READ_MS);
    // Suspended until a person touched the page; that is no reason to wait.
    void this.#context.resume().catch(() => undefined);
  }

  close(): void {
    clearInterval(this.#timer);
    void this.#context.close().catch(() => undefined);
  }
}

/** Root mean square of `samples` on a scale of decibels, 0 to 1. */
export function loudness(samples: Float32Array): number {
  if (samples.length === 0) return 0;
  const square = samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length;
  if (square === 0) return 0;
  return Math.min(1, Math.max(0, 1 - (10 * Math.log10(square)) / FLOOR_DB));
}
