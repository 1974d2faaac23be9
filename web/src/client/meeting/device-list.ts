import { Observable, type Unsubscribe } from '../observable.ts';

/** A device as a person chooses it. */
export interface Device {
  readonly id: string;
  /** Its own name; a made-up one until a permission is given. */
  readonly label: string;
}

export interface Devices {
  readonly microphones: readonly Device[];
  readonly cameras: readonly Device[];
  /** Outputs; empty where the browser lets no page choose. */
  readonly speakers: readonly Device[];
}

/** As much of `navigator.mediaDevices` as is used here. */
export type DeviceListSource = Pick<
  MediaDevices,
  'enumerateDevices' | 'addEventListener' | 'removeEventListener'
>;

const NONE: Devices = { microphones: [], cameras: [], speakers: [] };

/** The devices of the moment: read at the start, when one is plugged or pulled, and when asked. */
export class DeviceList {
  readonly devices = new Observable<Devices>(NONE);
  readonly #source: DeviceListSource | undefined;
  readonly #stop: Unsubscribe;

  constructor(source: DeviceListSource | undefined = mediaDevices()) {
    this.#source = source;
    const onChange = (): void => void this.refresh();
    source?.addEventListener('devicechange', onChange);
    this.#stop = () => source?.removeEventListener('devicechange', onChange);
    void this.refresh();
  }

  /** Reads them again: labels come with the permission, which makes no event. */
  async refresh(): Promise<void> {
    const infos = await this.#source?.enumerateDevices().catch(() => []);
    this.devices.set(infos === undefined ? NONE : sorted(infos));
  }

  close(): void {
    this.#stop();
  }
}

function sorted(infos: readonly MediaDeviceInfo[]): Devices {
  return {
    microphones: named(infos, 'audioinput', 'Microphone'),
    cameras: named(infos, 'videoinput', 'Camera'),
    speakers: named(infos, 'audiooutput', 'Speaker'),
  };
}

/** Before a permission is given, ids are empty and there is nothing to choose by. */
function named(infos: readonly MediaDeviceInfo[], kind: MediaDeviceKind, fallback: string): Device[] {
  return infos
    .filter((info) => info.kind === kind && info.deviceId !== '')
    .map((info, index) => ({
      id: info.deviceId,
      label: info.label === '' ? `${fallback} ${index + 1}` : info.label,
    }));
}

function mediaDevices(): DeviceListSource | undefined {
  // Absent, against its type, where the page is not secure.
  return 'mediaDevices' in navigator ? navigator.mediaDevices : undefined;
}
