import { Observable } from '../observable.ts';
import { onGesture } from './gestures.ts';
import type { Place } from './receivers.ts';
import type { Surroundings } from './surroundings.ts';
import type { SoundState } from './types.ts';

/** Plays every audio slot in an element of its own, whatever the page shows. */
export class Sound {
  readonly state = new Observable<SoundState>('playing');
  readonly #surroundings: Surroundings;
  readonly #elements = new Map<MediaStream, HTMLAudioElement>();
  #speaker = '';

  constructor(surroundings: Surroundings) {
    this.#surroundings = surroundings;
  }

  setPlaces(places: readonly Place[]): void {
    const wanted = new Set(places.map(({ stream }) => stream));
    for (const [stream, element] of this.#elements) {
      if (wanted.has(stream)) continue;
      element.srcObject = null;
      this.#elements.delete(stream);
    }
    for (const stream of wanted) {
      if (!this.#elements.has(stream)) this.#add(stream);
    }
  }

  /** Tries again where the browser refused; works from a click or a key. */
  async resume(): Promise<void> {
    const outcomes = await Promise.all([...this.#elements.values()].map(play));
    this.#set(outcomes.includes('blocked') ? 'blocked' : 'playing');
  }

  /** Fails where the browser lets no page choose, or the device is gone. */
  async setSpeaker(deviceId: string): Promise<void> {
    this.#speaker = deviceId;
    await Promise.all([...this.#elements.values()].map((element) => this.#route(element)));
  }

  #add(stream: MediaStream): void {
    const element = this.#surroundings.createAudio();
    element.autoplay = true;
    element.srcObject = stream;
    this.#elements.set(stream, element);
    // A device that is gone leaves the sound on the system's choice.
    if (this.#speaker !== '') void this.#route(element).catch(() => undefined);
    void play(element).then((outcome) => {
      if (outcome === 'blocked' && this.#elements.get(stream) === element) this.#block();
    });
  }

  /** Any touch of the page frees the sound; there is no need to aim at a button. */
  #block(): void {
    if (this.state.value === 'blocked') return;
    this.#set('blocked');
    const stop = onGesture(this.#surroundings.page, () => {
      void this.resume().then(() => {
        if (this.state.value === 'playing') stop();
      });
    });
  }

  async #route(element: HTMLAudioElement): Promise<void> {
    // Absent, against its type, in Safari and on phones.
    if (!('setSinkId' in element)) throw new DOMException('No choice of outputs here', 'NotSupportedError');
    await element.setSinkId(this.#speaker);
  }

  #set(state: SoundState): void {
    if (this.state.value !== state) this.state.set(state);
  }
}

/** A refusal comes at once; without one after this time, ms, there is only nothing to play yet. */
const REFUSAL_MS_MAX = 500;

async function play(element: HTMLAudioElement): Promise<'playing' | 'blocked'> {
  try {
    await Promise.race([element.play(), new Promise((resolve) => setTimeout(resolve, REFUSAL_MS_MAX))]);
    return 'playing';
  } catch (error) {
    return error instanceof DOMException && error.name === 'NotAllowedError' ? 'blocked' : 'playing';
  }
}
