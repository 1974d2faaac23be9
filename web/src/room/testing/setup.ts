import { cleanup } from '@testing-library/react';
import { afterEach, beforeEach, vi } from 'vitest';
import { Observable, type Devices, type DeviceProblem } from '../../client/index.ts';
import { FakeMeeting } from '../../testing/fake-meeting.ts';
import { readOptions } from '../lib/options.ts';
import { prefer, PREFERENCES_DEFAULT } from '../lib/preferences.ts';
import { LocalDevice, type Capture } from '../visit/local-device.ts';
import { ScreenShare } from '../visit/screen-share.ts';
import { Visit } from '../visit/visit.ts';

/** Of the element that everything is laid out in, CSS pixels; the test's document draws nothing itself. */
const AREA = { width: 1200, height: 700 };

/** Gives the document what it lacks of a browser, and takes drawn components away after each test. */
export function browserLike(): void {
  beforeEach(() => {
    prefer(PREFERENCES_DEFAULT);
    vi.stubGlobal(
      'ResizeObserver',
      class {
        readonly #report: (entries: { contentRect: typeof AREA }[]) => void;
        constructor(report: (entries: { contentRect: typeof AREA }[]) => void) {
          this.#report = report;
        }
        observe(): void {
          this.#report([{ contentRect: AREA }]);
        }
        unobserve(): void {
          return undefined;
        }
        disconnect(): void {
          return undefined;
        }
      },
    );
  });
  afterEach(() => {
    cleanup();
    vi.unstubAllGlobals();
  });
}

/** A camera's or a microphone's track that nothing comes out of. */
export function fakeTrack(label: string): MediaStreamTrack {
  const track = Object.assign(new EventTarget(), {
    label,
    kind: 'video',
    enabled: true,
    readyState: 'live',
    stop() {
      track.readyState = 'ended';
    },
    getSettings: () => ({ deviceId: label }),
  });
  return track as unknown as MediaStreamTrack;
}

export const working: Capture = (device, id) =>
  Promise.resolve({ kind: 'open', track: fakeTrack(id ?? `first ${device}`) });

/** Refuses what is named, with this cause. */
export const refusing =
  (cause: DeviceProblem['cause'], ...devices: string[]): Capture =>
  (device, id) =>
    devices.includes(device)
      ? Promise.resolve({
          kind: 'refused',
          problem: { cause, title: `No ${device}: ${cause}`, cure: 'Do something.' },
        })
      : working(device, id);

export interface Parts {
  readonly capture?: Capture;
  readonly devices?: Devices;
  readonly query?: string;
}

export interface Scene {
  readonly visit: Visit;
  /** The meeting of the latest join. */
  readonly meeting: () => FakeMeeting;
  readonly devices: Observable<Devices>;
}

/** A visit to "lunch" with made-up devices and a meeting moved by hand. */
export function visitLunch({ capture = working, devices, query = 'name=Ada' }: Parts = {}): Scene {
  const list = new Observable<Devices>(devices ?? { microphones: [], cameras: [], speakers: [] });
  let meeting = new FakeMeeting();
  const visit = new Visit('lunch', {
    createMeeting: (options) => (meeting = new FakeMeeting(options)),
    options: readOptions(new URLSearchParams(query)),
    camera: new LocalDevice('camera', capture),
    microphone: new LocalDevice('microphone', capture),
    screen: new ScreenShare(() => Promise.resolve({ kind: 'open', video: fakeTrack('screen'), audio: null })),
    devices: { devices: list, refresh: () => Promise.resolve(), close: () => undefined },
  });
  return { visit, meeting: () => meeting, devices: list };
}
