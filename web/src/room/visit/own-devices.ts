import { CaptureTogether, DeviceList, Observable, type Unsubscribe } from '../../client/index.ts';
import type { LinkOptions } from '../lib/options.ts';
import { prefer, preferences } from '../lib/preferences.ts';
import { openWhenPlugged } from './hot-plug.ts';
import { LocalDevice, type DeviceKind } from './local-device.ts';
import type { VisitParts } from './visit-parts.ts';

/** One's own camera and microphone, as the link and the person want them. */
export class OwnDevices {
  readonly camera: LocalDevice;
  readonly microphone: LocalDevice;
  readonly microphoneMuted: Observable<boolean>;
  /** What there is to choose from. */
  readonly list: Pick<DeviceList, 'devices' | 'refresh' | 'close'>;
  readonly #options: LinkOptions;
  readonly #stops: Unsubscribe[] = [];

  constructor(parts: Omit<VisitParts, 'createMeeting'>) {
    this.#options = parts.options;
    const { open } = new CaptureTogether();
    this.camera = parts.camera ?? new LocalDevice('camera', open);
    this.microphone = parts.microphone ?? new LocalDevice('microphone', open);
    this.list = parts.devices ?? new DeviceList();
    this.microphoneMuted = new Observable(
      parts.options.microphone === 'off' || preferences.value.microphone === 'off',
    );
  }

  /** Opens those that are wanted; settles when each is open or refused. */
  async open(): Promise<void> {
    this.#stops.push(
      openWhenPlugged(this.list, [this.camera, this.microphone]),
      ...[this.camera, this.microphone].map((device) =>
        // Names of devices come with the permission.
        device.state.subscribe((state) => state.kind === 'on' && void this.list.refresh()),
      ),
    );
    const { camera, microphone } = this.#options;
    const opened: Promise<void>[] = [];
    if (camera === 'on' && preferences.value.camera === 'on') opened.push(this.turnOn('camera'));
    if (microphone === 'on') opened.push(this.turnOn('microphone'));
    await Promise.all(opened);
  }

  /** Opens again what `giveBack` closed and a person would have on. */
  reopen(): void {
    const off = (kind: DeviceKind): boolean => this[kind].state.value.kind === 'off';
    const seen = this.#options.camera === 'on' && preferences.value.camera === 'on';
    const heard = this.#options.microphone === 'on' || !this.microphoneMuted.value;
    if (seen && off('camera')) void this.turnOn('camera');
    if (heard && off('microphone')) void this.turnOn('microphone');
  }

  /** Nobody watches any more: no light stays on. */
  giveBack(): void {
    for (const device of [this.camera, this.microphone]) device.close();
  }

  close(): void {
    for (const stop of this.#stops.splice(0)) stop();
    this.list.close();
  }

  turnOn(kind: DeviceKind): Promise<void> {
    const { cameraId, microphoneId } = preferences.value;
    return this[kind].open(kind === 'camera' ? cameraId : microphoneId);
  }

  choose(kind: DeviceKind, deviceId: string): Promise<void> {
    prefer(kind === 'camera' ? { cameraId: deviceId } : { microphoneId: deviceId });
    return this[kind].open(deviceId);
  }

  toggleCamera(): void {
    const { kind } = this.camera.state.value;
    const wanted = kind === 'on' || kind === 'opening' ? 'off' : 'on';
    prefer({ camera: wanted });
    if (wanted === 'off') this.camera.close();
    else void this.turnOn('camera');
  }

  toggleMicrophone(): void {
    const { kind } = this.microphone.state.value;
    const there = kind === 'on' || kind === 'opening';
    const muted = there && !this.microphoneMuted.value;
    this.microphoneMuted.set(muted);
    prefer({ microphone: muted ? 'off' : 'on' });
    if (!there) void this.turnOn('microphone');
  }
}
