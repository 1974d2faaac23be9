import { DeviceList, Observable, type Unsubscribe } from '../../client/index.ts';
import type { LinkOptions } from '../lib/options.ts';
import { prefer, preferences } from '../lib/preferences.ts';
import { openWhenPlugged } from './hot-plug.ts';
import { LocalDevice, type DeviceKind } from './local-device.ts';
import { publishDevices } from './publishing.ts';
import { meetingOptions, type MeetingFactory, type RoomMeeting } from './room-meeting.ts';
import { ScreenShare } from './screen-share.ts';

export interface VisitParts {
  readonly createMeeting: MeetingFactory;
  readonly options: LinkOptions;
  readonly camera?: LocalDevice;
  readonly microphone?: LocalDevice;
  readonly screen?: ScreenShare;
  readonly devices?: Pick<DeviceList, 'devices' | 'refresh' | 'close'>;
}

/** One person's visit to one room, from the door until they go: devices first, then the meeting. */
export class Visit {
  readonly room: string;
  readonly camera: LocalDevice;
  readonly microphone: LocalDevice;
  readonly screen: ScreenShare;
  readonly microphoneMuted: Observable<boolean>;
  /** Null at the door. */
  readonly meeting = new Observable<RoomMeeting | null>(null);
  readonly devices: Pick<DeviceList, 'devices' | 'refresh' | 'close'>;
  readonly options: LinkOptions;
  readonly #create: MeetingFactory;
  #name = '';
  #stops: Unsubscribe[] = [];
  #stopPublishing: Unsubscribe = () => undefined;

  constructor(room: string, parts: VisitParts) {
    const { options } = parts;
    this.room = room;
    this.options = options;
    this.camera = parts.camera ?? new LocalDevice('camera');
    this.microphone = parts.microphone ?? new LocalDevice('microphone');
    this.screen = parts.screen ?? new ScreenShare();
    this.devices = parts.devices ?? new DeviceList();
    this.microphoneMuted = new Observable(
      options.microphone === 'off' || preferences.value.microphone === 'off',
    );
    this.#create = parts.createMeeting;
  }

  /** Opens the devices that are wanted; settles when each is open or refused. */
  async open(): Promise<void> {
    this.#stops.push(
      openWhenPlugged(this.devices, [this.camera, this.microphone]),
      ...[this.camera, this.microphone].map((device) =>
        // Names of devices come with the permission.
        device.state.subscribe((state) => state.kind === 'on' && void this.devices.refresh()),
      ),
    );
    const { camera, microphone } = this.options;
    const opened: Promise<void>[] = [];
    if (camera === 'on' && preferences.value.camera === 'on') opened.push(this.turnOn('camera'));
    if (microphone === 'on') opened.push(this.turnOn('microphone'));
    await Promise.all(opened);
  }

  close(): void {
    this.#stopPublishing();
    for (const stop of this.#stops.splice(0)) stop();
    void this.meeting.value?.leave();
    this.meeting.set(null);
    this.#closeDevices();
    this.devices.close();
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
    if (this.microphone.state.value.kind !== 'on') {
      this.microphoneMuted.set(false);
      void this.turnOn('microphone');
      return;
    }
    this.microphoneMuted.set(!this.microphoneMuted.value);
    prefer({ microphone: this.microphoneMuted.value ? 'off' : 'on' });
  }

  toggleScreen(): void {
    if (this.screen.state.value.kind === 'on') this.screen.stop();
    else void this.screen.start();
  }

  chooseSpeaker(deviceId: string): void {
    prefer({ speakerId: deviceId });
    void this.meeting.value?.setSpeaker(deviceId).catch(() => undefined);
  }

  join(name: string): void {
    this.#name = name;
    if (this.options.name === undefined) prefer({ name });
    prefer({ room: this.room });
    const meeting = this.#create(meetingOptions(this.room, name, this.options));
    this.#stopPublishing();
    this.#stopPublishing = publishDevices(meeting, this);
    if (preferences.value.speakerId !== '') {
      void meeting.setSpeaker(preferences.value.speakerId).catch(() => undefined);
    }
    this.meeting.set(meeting);
    meeting.join();
  }

  leave(): void {
    this.#stopPublishing();
    void this.meeting.value?.leave();
    this.#closeDevices();
  }

  /** Comes in once more under the same name, the devices as they were. */
  rejoin(): void {
    if (this.options.camera === 'on' && preferences.value.camera === 'on') this.#reopen('camera');
    this.#reopen('microphone');
    this.join(this.#name);
  }

  #reopen(kind: DeviceKind): void {
    if (this[kind].state.value.kind === 'off') void this.turnOn(kind);
  }

  #closeDevices(): void {
    for (const device of [this.camera, this.microphone]) device.close();
    this.screen.stop();
  }
}
