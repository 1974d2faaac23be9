import { Observable, type Unsubscribe } from '../../client/index.ts';
import type { LinkOptions } from '../lib/options.ts';
import { prefer, preferences } from '../lib/preferences.ts';
import type { LocalDevice } from './local-device.ts';
import { OwnDevices } from './own-devices.ts';
import { publishDevices } from './publishing.ts';
import { meetingOptions, type MeetingFactory, type RoomMeeting } from './room-meeting.ts';
import { ScreenShare } from './screen-share.ts';
import type { VisitParts } from './visit-parts.ts';

/** One person's visit to one room, from the door until they go: devices first, then the meeting. */
export class Visit {
  readonly room: string;
  readonly own: OwnDevices;
  readonly camera: LocalDevice;
  readonly microphone: LocalDevice;
  readonly microphoneMuted: Observable<boolean>;
  readonly screen: ScreenShare;
  /** Null at the door. */
  readonly meeting = new Observable<RoomMeeting | null>(null);
  readonly options: LinkOptions;
  readonly #create: MeetingFactory;
  readonly #token: string | undefined;
  #name = '';
  #entered: 'yes' | 'no' = 'no';
  /** What follows the meeting of the moment. */
  readonly #meetingStops: Unsubscribe[] = [];

  constructor(room: string, parts: VisitParts) {
    this.room = room;
    this.options = parts.options;
    this.own = new OwnDevices(parts);
    this.camera = this.own.camera;
    this.microphone = this.own.microphone;
    this.microphoneMuted = this.own.microphoneMuted;
    this.screen = parts.screen ?? new ScreenShare();
    this.#create = parts.createMeeting;
    this.#token = parts.token;
  }

  /** Whether one has been in the meeting of the moment. */
  get entered(): 'yes' | 'no' {
    return this.#entered;
  }

  /** Opens the devices that are wanted; settles when each is open or refused. */
  open(): Promise<void> {
    return this.own.open();
  }

  close(): void {
    this.leave();
    this.meeting.set(null);
    this.own.close();
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
    const meeting = this.#create(meetingOptions(this.room, name, this.options, this.#token));
    this.#letGo();
    this.#entered = 'no';
    this.#meetingStops.push(
      publishDevices(meeting, this),
      meeting.state.subscribe(({ kind }) => {
        if (kind === 'joined') this.#entered = 'yes';
        // However it ended, by whomever: nobody watches any more, so no light stays on.
        if (kind === 'left' || kind === 'failed') this.#end();
      }),
    );
    this.#meetingStops.push(
      meeting.grants.subscribe((grants) => {
        // Nobody would see or hear it: no light stays on.
        if (!grants.includes('publish_camera')) this.camera.close();
        if (!grants.includes('publish_microphone')) this.microphone.close();
      }),
    );
    if (preferences.value.speakerId !== '') {
      void meeting.setSpeaker(preferences.value.speakerId).catch(() => undefined);
    }
    this.meeting.set(meeting);
    meeting.join();
  }

  /** Gives up coming in; the devices stay open, as they were at the door. */
  backToTheDoor(): void {
    this.#letGo();
    void this.meeting.value?.leave();
    this.meeting.set(null);
  }

  leave(): void {
    this.#end();
    void this.meeting.value?.leave();
  }

  /** Comes in once more under the same name, the devices as they were. */
  rejoin(): void {
    this.own.reopen();
    this.join(this.#name);
  }

  #end(): void {
    this.#letGo();
    this.own.giveBack();
    this.screen.stop();
  }

  #letGo(): void {
    for (const stop of this.#meetingStops.splice(0)) stop();
  }
}
