import type { WhepClient } from '../../src/client/index.ts';
import { Ear } from './ear.ts';
import { colorOf } from './eye.ts';
import type { Rgb } from './picture.ts';

/** Sees and hears what a viewer's slots play. */
export class Viewer {
  readonly client: WhepClient;
  readonly #videos: HTMLVideoElement[];
  readonly #firstFrames: (number | null)[];
  readonly #shownTimestamps: (number | null)[];
  readonly #shownMs: number[][];
  readonly #ear = new Ear();

  constructor(client: WhepClient) {
    this.client = client;
    const started = performance.now();
    this.#firstFrames = client.slots.map(() => null);
    this.#shownTimestamps = client.slots.map(() => null);
    this.#shownMs = client.slots.map(() => []);
    this.#videos = client.slots.map((slot, index) => {
      const video = document.createElement('video');
      video.muted = true;
      video.autoplay = true;
      video.playsInline = true;
      video.srcObject = slot.stream;
      const shown = (_now: number, frame: VideoFrameCallbackMetadata): void => {
        this.#firstFrames[index] ??= performance.now() - started;
        this.#shownMs[index]?.push(Date.now());
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

  /** When each picture so far came on screen, ms since 1970. */
  shownMs(slot: number): readonly number[] {
    return this.#shownMs[slot] ?? [];
  }

  /** RTP time of the picture that is on screen, ticks of 90 kHz. */
  shownTimestamp(slot: number): number | null {
    return this.#shownTimestamps[slot] ?? null;
  }

  /** The average of the upper half, where nothing moves. */
  color(slot: number): Rgb | null {
    return colorOf(this.#videos[slot]);
  }

  /** The strongest frequency, Hz; 0 while there is no tone. */
  async pitch(slot: number): Promise<number> {
    const track = this.client.slots[slot]?.stream.getAudioTracks()[0];
    return track === undefined ? 0 : this.#ear.pitch(track);
  }
}
