import type { Surroundings } from './surroundings.ts';

/** A slot's section and the stream that shows or plays it, the same for the life of the connection. */
export interface Place {
  readonly mid: string;
  readonly stream: MediaStream;
}

/** More slots are added in steps of this many: people come in groups. */
const GROW_STEP = 4;
/** The most slots one asks for: five rows of five are as small as a face may be. */
export const VIDEO_SLOTS_MAX = 25;

interface Receiver {
  readonly section: RTCRtpTransceiver;
  readonly stream: MediaStream;
}

/** The slots of one peer connection: pairs of a sound and a picture, offered before anybody fills them. */
export class Receivers {
  readonly #connection: RTCPeerConnection;
  readonly #createStream: Surroundings['createStream'];
  readonly #audio: Receiver[] = [];
  readonly #video: Receiver[] = [];

  constructor(connection: RTCPeerConnection, pairs: number, createStream: Surroundings['createStream']) {
    this.#connection = connection;
    this.#createStream = createStream;
    this.#open(Math.min(pairs, VIDEO_SLOTS_MAX));
  }

  get pairs(): number {
    return this.#video.length;
  }

  /** Makes room for `wanted` pictures; says whether that takes an offer. */
  grow(wanted: number): 'done' | 'offer' {
    const target = Math.min(VIDEO_SLOTS_MAX, Math.max(wanted, this.pairs + GROW_STEP));
    if (wanted <= this.pairs || target <= this.pairs) return 'done';
    this.#open(target - this.pairs);
    return 'offer';
  }

  video(): Place[] {
    return places(this.#video);
  }

  audio(): Place[] {
    return places(this.#audio);
  }

  #open(pairs: number): void {
    for (let pair = 0; pair < pairs; pair += 1) {
      this.#audio.push(this.#receive('audio'));
      this.#video.push(this.#receive('video'));
    }
  }

  #receive(kind: 'audio' | 'video'): Receiver {
    const section = this.#connection.addTransceiver(kind, { direction: 'recvonly' });
    return { section, stream: this.#createStream([section.receiver.track]) };
  }
}

/** Those that were answered. */
function places(receivers: readonly Receiver[]): Place[] {
  return receivers.flatMap(({ section: { mid, currentDirection }, stream }) =>
    mid === null || currentDirection !== 'recvonly' ? [] : [{ mid, stream }],
  );
}
