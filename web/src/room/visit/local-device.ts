import { Observable, type Captured, type DeviceProblem } from '../../client/index.ts';

export type DeviceKind = 'camera' | 'microphone';

/** Where the camera or the microphone of this page stands. */
export type DeviceState =
  | { readonly kind: 'off' }
  | { readonly kind: 'opening' }
  | { readonly kind: 'on'; readonly track: MediaStreamTrack }
  | { readonly kind: 'refused'; readonly problem: DeviceProblem };

/** Something a person should hear about a device that nobody touched on this page. */
export interface DeviceNotice {
  readonly device: DeviceKind;
  /** What went. */
  readonly lost: string;
  /** What serves in its place; null when nothing does. */
  readonly now: string | null;
}

export type Capture = (device: DeviceKind, deviceId: string | null) => Promise<Captured>;

/** The camera or the microphone: opened, exchanged, given back, and replaced when it is pulled out. */
export class LocalDevice {
  readonly kind: DeviceKind;
  readonly state = new Observable<DeviceState>({ kind: 'off' });
  readonly notice = new Observable<DeviceNotice | null>(null);
  readonly #capture: Capture;
  /** Tells a late answer of the browser from the one that is waited for. */
  #asked = 0;

  constructor(kind: DeviceKind, open: Capture) {
    this.kind = kind;
    this.#capture = open;
  }

  get track(): MediaStreamTrack | null {
    return this.state.value.kind === 'on' ? this.state.value.track : null;
  }

  /** Opens the named device, or whichever the browser prefers. The one before serves until then. */
  async open(deviceId: string | null): Promise<void> {
    const asked = (this.#asked += 1);
    const before = this.track;
    if (before === null) this.state.set({ kind: 'opening' });
    // Many devices cannot be opened twice, phones' cameras above all.
    else if (this.kind === 'camera') before.stop();
    const captured = await this.#capture(this.kind, deviceId);
    if (asked !== this.#asked) {
      if (captured.kind === 'open') captured.track.stop();
      return;
    }
    before?.stop();
    if (captured.kind === 'open') this.#use(captured.track);
    else this.state.set({ kind: 'refused', problem: captured.problem });
  }

  /** Gives the device back: its light goes out. */
  close(): void {
    this.#asked += 1;
    this.track?.stop();
    this.state.set({ kind: 'off' });
  }

  #use(track: MediaStreamTrack): void {
    track.addEventListener('ended', () => void this.#replace(track), { once: true });
    this.state.set({ kind: 'on', track });
  }

  /** `ended` comes when the device is pulled out or the permission is taken back, not of our own `stop`. */
  async #replace(lost: MediaStreamTrack): Promise<void> {
    if (this.track !== lost) return;
    this.state.set({ kind: 'opening' });
    await this.open(null);
    this.notice.set({ device: this.kind, lost: lost.label, now: labelOf(this.state.value) });
  }
}

function labelOf(state: DeviceState): string | null {
  return state.kind === 'on' ? state.track.label : null;
}
