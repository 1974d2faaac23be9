import { Observable, type Unsubscribe } from '../observable.ts';
import { onGesture } from './gestures.ts';

/** How often the level is read, ms: as often as a meter's bar can be seen to move. */
const READ_MS = 50;
/** Samples looked at each time: 21 ms at 48 kHz. */
const WINDOW_SAMPLES = 1024;
/** A browser that lets sound be read starts within this time, ms; one that does not says nothing. */
export const START_MS_MAX = 500;
/** What the bar's left end stands for, dB under full scale: a quiet room. */
const FLOOR_DB = -60;

/** How loud a microphone's track is. */
export class LevelMeter {
  /** From 0 (as quiet as a room) to 1 (full scale), even to the ear. */
  readonly level = new Observable(0);
  /** `held` while the browser waits for a person to touch the page, or a telephone call has the sound. */
  readonly state = new Observable<'measuring' | 'held'>('measuring');
  readonly #context: AudioContext;
  readonly #timer: ReturnType<typeof setInterval>;
  readonly #start: ReturnType<typeof setTimeout>;
  readonly #unlisten: Unsubscribe;
  /** A context that has not run yet is only slow until its time is over. */
  #phase: 'starting' | 'started' | 'closed' = 'starting';

  /** `page`: where touches are heard. */
  constructor(track: MediaStreamTrack, page: EventTarget = window) {
    this.#context = new AudioContext();
    const analyser = new AnalyserNode(this.#context, { fftSize: WINDOW_SAMPLES });
    this.#context.createMediaStreamSource(new MediaStream([track])).connect(analyser);
    const samples = new Float32Array(WINDOW_SAMPLES);
    this.#timer = setInterval(() => {
      analyser.getFloatTimeDomainData(samples);
      this.level.set(loudness(samples));
    }, READ_MS);
    this.#context.addEventListener('statechange', () => this.#look());
    this.#start = setTimeout(() => {
      this.#phase = 'started';
      this.#look();
    }, START_MS_MAX);
    // Before any touch of the page this may come to nothing, and nobody tells.
    this.#unlisten = onGesture(page, () => this.#resume());
    this.#resume();
  }

  close(): void {
    this.#phase = 'closed';
    this.#unlisten();
    clearTimeout(this.#start);
    clearInterval(this.#timer);
    void this.#context.close().catch(() => undefined);
  }

  #resume(): void {
    if (this.#context.state !== 'running') void this.#context.resume().catch(() => undefined);
  }

  #look(): void {
    const runs = this.#context.state === 'running';
    if (runs && this.#phase === 'starting') this.#phase = 'started';
    if (this.#phase !== 'started') return;
    const state = runs ? 'measuring' : 'held';
    if (state !== this.state.value) this.state.set(state);
  }
}

/** Root mean square of `samples` on a scale of decibels, 0 to 1. */
export function loudness(samples: Float32Array): number {
  if (samples.length === 0) return 0;
  const square = samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length;
  if (square === 0) return 0;
  return Math.min(1, Math.max(0, 1 - (10 * Math.log10(square)) / FLOOR_DB));
}
