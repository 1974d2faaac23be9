import { captureScreen, Observable, type CapturedScreen, type DeviceProblem } from '../../client/index.ts';

export type ScreenState =
  | { readonly kind: 'off' }
  | { readonly kind: 'choosing' }
  | { readonly kind: 'on'; readonly video: MediaStreamTrack; readonly audio: MediaStreamTrack | null }
  | { readonly kind: 'refused'; readonly problem: DeviceProblem };

/** One's own screen, window or tab, from the browser's chooser until either side ends it. */
export class ScreenShare {
  readonly state = new Observable<ScreenState>({ kind: 'off' });
  readonly #capture: () => Promise<CapturedScreen>;
  /** Tells a choice that comes too late from the one that is waited for. */
  #asked = 0;

  constructor(open: () => Promise<CapturedScreen> = captureScreen) {
    this.#capture = open;
  }

  async start(): Promise<void> {
    if (this.state.value.kind === 'choosing' || this.state.value.kind === 'on') return;
    const asked = (this.#asked += 1);
    this.state.set({ kind: 'choosing' });
    const captured = await this.#capture();
    if (asked !== this.#asked) {
      if (captured.kind === 'open') for (const track of [captured.video, captured.audio]) track?.stop();
      return;
    }
    if (captured.kind === 'refused') {
      this.state.set(captured);
      return;
    }
    const { video, audio } = captured;
    // The browser's own "stop sharing".
    video.addEventListener('ended', () => this.stop(), { once: true });
    this.state.set({ kind: 'on', video, audio });
  }

  /** Ends the sharing, or the wait for a choice: what is chosen after this is given back. */
  stop(): void {
    const state = this.state.value;
    if (state.kind === 'off' || state.kind === 'refused') return;
    this.#asked += 1;
    this.state.set({ kind: 'off' });
    if (state.kind === 'choosing') return;
    state.video.stop();
    state.audio?.stop();
  }
}
