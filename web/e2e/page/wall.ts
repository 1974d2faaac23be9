import type { Meeting, ShownTrack } from '../../src/client/index.ts';
import { colorOf } from './eye.ts';
import type { Rgb, Size } from './picture.ts';

interface Tile {
  readonly video: HTMLVideoElement;
  readonly shown: ShownTrack;
  /** Id of the track that it shows. */
  readonly track: string;
}

/** One tile of a given size for each camera of the room, in front of everything else on the page. */
export class Wall {
  readonly #meeting: Meeting;
  readonly #root = document.createElement('div');
  readonly #tiles = new Map<string, Tile>();
  /** Who is shown; everybody until a test says otherwise. */
  #only: readonly string[] | undefined;
  #size: Size;

  constructor(meeting: Meeting, size: Size, only?: readonly string[]) {
    this.#meeting = meeting;
    this.#only = only;
    this.#size = size;
    this.#root.style.cssText =
      'position:fixed;inset:0;display:flex;flex-wrap:wrap;align-content:start;overflow:hidden';
    document.body.append(this.#root);
    meeting.participants.subscribe(() => this.#arrange());
  }

  /** Shows these alone. */
  showOnly(identities: readonly string[] | undefined): void {
    this.#only = identities;
    this.#arrange();
  }

  resize(size: Size): void {
    this.#size = size;
    for (const { video } of this.#tiles.values()) this.#fit(video);
  }

  color(identity: string): Rgb | null {
    return colorOf(this.#tiles.get(identity)?.video);
  }

  /** How many pictures were put on screen, as the element itself counts. */
  framesShown(identity: string): number {
    return this.#tiles.get(identity)?.video.getVideoPlaybackQuality().totalVideoFrames ?? 0;
  }

  #arrange(): void {
    const wanted = new Map<string, string>();
    for (const { identity, tracks } of this.#meeting.participants.value) {
      const camera = tracks.find(({ kind }) => kind === 'video')?.id;
      if (camera !== undefined && (this.#only?.includes(identity) ?? true)) wanted.set(identity, camera);
    }
    for (const [identity, tile] of this.#tiles) {
      if (wanted.get(identity) === tile.track) continue;
      tile.shown.release();
      tile.video.remove();
      this.#tiles.delete(identity);
    }
    for (const [identity, track] of wanted) {
      if (!this.#tiles.has(identity)) this.#tiles.set(identity, this.#hang(track));
    }
  }

  #hang(track: string): Tile {
    const video = document.createElement('video');
    video.muted = true;
    video.autoplay = true;
    video.playsInline = true;
    this.#fit(video);
    this.#root.append(video);
    return { video, track, shown: this.#meeting.show(video, track) };
  }

  #fit(video: HTMLVideoElement): void {
    video.style.cssText = `width:${this.#size.width}px;height:${this.#size.height}px;object-fit:fill;background:#000`;
  }
}
