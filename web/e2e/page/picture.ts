export type Rgb = readonly [number, number, number];

const WIDTH = 320;
const HEIGHT = 180;
const FRAMES_PER_SECOND = 15;

/** A camera and a microphone nobody can confuse with another: one colour with something moving in it, and one tone. */
export class Picture {
  readonly stream: MediaStream;
  readonly #timer: ReturnType<typeof setInterval>;
  readonly #audio: AudioContext;

  constructor(color: Rgb, pitch: number) {
    const canvas = document.createElement('canvas');
    canvas.width = WIDTH;
    canvas.height = HEIGHT;
    // Firefox hands out frames only of a canvas that was given a context first.
    const context = canvas.getContext('2d');
    if (context === null) throw new Error('this browser has no 2D canvas');
    document.body.append(canvas);
    let frame = 0;
    const draw = (): void => {
      context.fillStyle = `rgb(${color.join(' ')})`;
      context.fillRect(0, 0, WIDTH, HEIGHT);
      // Small and at the edge, so that the average colour stays.
      context.fillStyle = frame % 2 === 0 ? 'white' : 'black';
      context.fillRect((frame * 8) % WIDTH, HEIGHT - 12, 12, 12);
      frame += 1;
    };
    draw();
    this.#timer = setInterval(draw, 1000 / FRAMES_PER_SECOND);
    this.#audio = new AudioContext();
    void this.#audio.resume();
    const oscillator = new OscillatorNode(this.#audio, { frequency: pitch });
    const out = this.#audio.createMediaStreamDestination();
    oscillator.connect(new GainNode(this.#audio, { gain: 0.5 })).connect(out);
    oscillator.start();
    this.stream = new MediaStream([
      ...canvas.captureStream(FRAMES_PER_SECOND).getVideoTracks(),
      ...out.stream.getAudioTracks(),
    ]);
  }

  stop(): void {
    clearInterval(this.#timer);
    for (const track of this.stream.getTracks()) track.stop();
    void this.#audio.close();
  }
}
