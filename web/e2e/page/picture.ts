export type Rgb = readonly [number, number, number];

/** Pixels. */
export interface Size {
  readonly width: number;
  readonly height: number;
}

/** Two cores encode and decode four people's of it. */
const SIZE_DEFAULT: Size = { width: 320, height: 180 };
const FRAMES_PER_SECOND_DEFAULT = 15;
/** Flecks that change with every frame: a frame takes several packets, as a camera's does. */
const SPARKS = 60;
/** They keep to the lowest third of the picture; the rest is one colour. */
const SPARKS_SHARE = 1 / 3;

/** A camera and a microphone nobody can confuse with another: one colour above lively flecks, and one tone. */
export class Picture {
  readonly stream: MediaStream;
  readonly #timer: ReturnType<typeof setInterval>;

  constructor(
    color: Rgb,
    sound: readonly MediaStreamTrack[],
    { width, height }: Size = SIZE_DEFAULT,
    framesPerSecond = FRAMES_PER_SECOND_DEFAULT,
  ) {
    const canvas = document.createElement('canvas');
    canvas.width = width;
    canvas.height = height;
    // Firefox hands out frames only of a canvas that was given a context first.
    const context = canvas.getContext('2d');
    if (context === null) throw new Error('this browser has no 2D canvas');
    document.body.append(canvas);
    let frame = 0;
    const draw = (): void => {
      context.fillStyle = `rgb(${color.join(' ')})`;
      context.fillRect(0, 0, width, height);
      for (let i = 0; i < SPARKS; i += 1) {
        const draw = hash(frame * SPARKS + i);
        context.fillStyle = `hsl(${draw % 360} 80% 55%)`;
        const y = height - 1 - ((draw >>> 9) % Math.round(height * SPARKS_SHARE));
        context.fillRect((draw >>> 17) % width, y, 4 + (draw % 13), 3);
      }
      frame += 1;
    };
    draw();
    this.#timer = setInterval(draw, 1000 / framesPerSecond);
    this.stream = new MediaStream([...canvas.captureStream().getVideoTracks(), ...sound]);
  }

  stop(): void {
    clearInterval(this.#timer);
    for (const track of this.stream.getTracks()) track.stop();
  }
}

export function tone(pitch: number): MediaStreamTrack[] {
  const audio = new AudioContext();
  void audio.resume();
  const oscillator = new OscillatorNode(audio, { frequency: pitch });
  const out = audio.createMediaStreamDestination();
  oscillator.connect(new GainNode(audio, { gain: 0.5 })).connect(out);
  oscillator.start();
  return out.stream.getAudioTracks();
}

/** The browser's own fake device, for Firefox, which runs no oscillator without a sound device. */
export async function fakeMicrophone(): Promise<MediaStreamTrack[]> {
  const processing = { echoCancellation: false, noiseSuppression: false, autoGainControl: false };
  return (await navigator.mediaDevices.getUserMedia({ audio: processing })).getAudioTracks();
}

/** The same flecks in every run. */
function hash(index: number): number {
  let mixed = Math.imul(index ^ 0x9e3779b9, 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}
