import type { TrackStats, WhepSlot } from '../client/index.ts';
import { trackText } from './format.ts';
import { make, setText } from './dom.ts';

/** Whether a tile's sound is heard. */
export type Sound = 'on' | 'off';

/** A slot counts as empty after this many readings without a byte, one reading a second. */
const SILENT_READINGS_MAX = 3;

/** One slot on the stage: hidden while empty. */
export class Tile {
  readonly element: HTMLElement;
  readonly #video: HTMLVideoElement;
  readonly #figures: HTMLElement;
  readonly #note: HTMLElement;
  readonly #slot: WhepSlot;
  #silent = SILENT_READINGS_MAX;
  #seen = 0;

  constructor(slot: WhepSlot, name: string) {
    this.#slot = slot;
    this.#video = make('video', 'tile-video');
    this.#video.playsInline = true;
    this.#video.autoplay = true;
    this.#video.muted = true;
    this.#video.srcObject = slot.stream;
    this.#video.setAttribute('aria-label', `Picture of ${name}`);
    this.#figures = make('p', 'tile-figures');
    this.#note = make('p', 'tile-note', 'Sound only');
    this.#note.hidden = true;
    const caption = make('figcaption', 'tile-caption', make('strong', '', name), this.#figures);
    this.element = make('figure', 'tile', this.#video, this.#note, caption);
    this.element.hidden = true;
  }

  /** Whether the slot carries a publisher. */
  get carries(): 'something' | 'nothing' {
    return this.#silent < SILENT_READINGS_MAX ? 'something' : 'nothing';
  }

  /** Takes one second's statistics of the whole link. */
  show(tracks: readonly TrackStats[]): void {
    const ids = new Set(this.#slot.stream.getTracks().map((track) => track.id));
    const mine = tracks.filter((track) => ids.has(track.track));
    const packets = mine.reduce((sum, track) => sum + track.packets, 0);
    this.#silent = packets > this.#seen ? 0 : this.#silent + 1;
    this.#seen = packets;
    const video = mine.find((track) => track.kind === 'video' && track.bitrate > 0);
    const audio = mine.find((track) => track.kind === 'audio' && track.bitrate > 0);
    this.element.hidden = this.carries === 'nothing';
    this.#note.hidden = video !== undefined || audio === undefined;
    const shown = [video, audio].filter((track) => track !== undefined);
    if (shown.length > 0) setText(this.#figures, shown.map(trackText).join('\n'));
  }

  /** Plays with or without sound; says `blocked` when the browser wants a gesture first. */
  async play(sound: Sound): Promise<'playing' | 'blocked'> {
    this.#video.muted = sound === 'off';
    try {
      await this.#video.play();
      return 'playing';
    } catch (error) {
      if (!(error instanceof DOMException) || error.name !== 'NotAllowedError' || sound === 'off')
        return 'playing';
      this.#video.muted = true;
      await this.#video.play().catch(() => undefined);
      return 'blocked';
    }
  }

  close(): void {
    this.#video.srcObject = null;
    this.element.remove();
  }
}
