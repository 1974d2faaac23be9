import { DeviceList, Observable, type Unsubscribe } from '../../client/index.ts';
import type { LinkOptions } from '../lib/options.ts';
import { prefer, preferences } from '../lib/preferences.ts';
import { openWhenPlugged } from './hot-plug.ts';
import { LocalDevice, type DeviceKind } from './local-device.ts';
import { publishDevices } from './publishing.ts';
import { meetingOptions, type MeetingFactory, type RoomMeeting } from './room-meeting.ts';
import { ScreenShare } from './screen-share.ts';
import type { VisitParts } from './visit-parts.ts';

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
  readonly #stops: Unsubscribe[] = [];
  /** What follows the meeting of the moment. */
  readonly #meetingStops: Unsubscribe[] = [];

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
    this.leave();
    for (const stop of this.#stops.splice(0)) stop();
    this.meeting.set(null);
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
    const { kind } = this.microphone.state.value;
    const there = kind === 'on' || kind === 'opening';
    const muted = there && !this.microphoneMuted.value;
    this.microphoneMuted.set(muted);
    prefer({ microphone: muted ? 'off' : 'on' });
    if (!there) void this.turnOn('microphone');
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
    this.#letGo();
    this.#meetingStops.push(
      publishDevices(meeting, this),
      meeting.state.subscribe(({ kind }) => {
        // However it ended, by whomever: nobody watches any more, so no light stays on.
        if (kind === 'left' || kind === 'failed') this.#end();
      }),
    );
    if (preferences.value.speakerId !== '') {
      void meeting.setSpeaker(preferences.value.speakerId).catch(() => undefined);
    }
    this.meeting.set(meeting);
    meeting.join();
  }

  leave(): void {
    this.#end();
    void this.meeting.value?.leave();
  }

  /** Comes in once more under the same name, the devices as they were. */
  rejoin(): void {
    if (this.options.camera === 'on' && preferences.value.camera === 'on') this.#reopen('camera');
    if (this.options.microphone === 'on' || !this.microphoneMuted.value) this.#reopen('microphone');
    this.join(this.#name);
  }

  #reopen(kind: DeviceKind): void {
    if (this[kind].state.value.kind === 'off') void this.turnOn(kind);
  }

  #end(): void {
    this.#letGo();
    for (const device of [this.camera, this.microphone]) device.close();
    this.screen.stop();
  }

  #letGo(): void {
    for (const stop of this.#meetingStops.splice(0)) stop();
  }
}
