import { DeviceList, Observable, type Devices, type Participant, type Support } from '../src/client/index.ts';
import { explain } from '../src/client/meeting/capture.ts';
import { readOptions } from '../src/room/lib/options.ts';
import { LocalDevice, type Capture, type DeviceKind } from '../src/room/visit/local-device.ts';
import { ScreenShare } from '../src/room/visit/screen-share.ts';
import { Visit } from '../src/room/visit/visit.ts';
import { FakeMeeting, person } from '../src/testing/fake-meeting.ts';
import { receiving } from '../src/testing/fake-reception.ts';
import { hum, paintedFace, paintedScreen } from './scenery.ts';

export type Story =
  | { readonly kind: 'home' }
  | { readonly kind: 'broken' }
  | { readonly kind: 'unsupported'; readonly cure: string }
  | { readonly kind: 'visit'; readonly support?: Support; readonly make: () => Visit };

const NAMES = [
  'Ben Okafor', 'Chidi', 'Dana Whitfield', 'Emil', 'Fatima Zahra', 'Greta', 'Hugo Lindqvist', 'Imani', 'Jun Tanaka',
  'Kofi', 'Lea', 'Maximiliane von Hohenberg-Wittelsbach', 'Nils', 'Oona', 'Priya', 'Quentin', 'Rosa', 'Sven',
]; // prettier-ignore

const DEVICES: Devices = {
  microphones: [
    { id: 'm1', label: 'Built-in microphone' },
    { id: 'm2', label: 'Headset (USB)' },
  ],
  cameras: [{ id: 'c1', label: 'Built-in camera' }],
  speakers: [
    { id: 's1', label: 'Built-in speakers' },
    { id: 's2', label: 'Headset (USB)' },
  ],
};

const working: Capture = (device) => {
  const track = device === 'camera' ? paintedFace(2, 1280, 720).getVideoTracks()[0] : hum();
  return track === undefined ? never() : Promise.resolve({ kind: 'open', track });
};

const failing =
  (...devices: DeviceKind[]) =>
  (error: string): Capture =>
  (device, id) =>
    devices.includes(device)
      ? Promise.resolve({ kind: 'refused', problem: explain(new DOMException('refused', error), device) })
      : working(device, id);

function never<T>(): Promise<T> {
  return new Promise<T>(() => undefined);
}

interface Setting {
  readonly capture?: Capture;
  readonly devices?: Devices;
  readonly meeting?: (meeting: FakeMeeting, visit: Visit) => void;
}

/** A visit with made-up devices, in the room if there is something to say about it. */
function visit({ capture = working, devices = DEVICES, meeting }: Setting): Visit {
  const fake = new FakeMeeting({ room: 'friday-lunch', name: 'Ada' });
  fake.picture = (track) => {
    if (track.startsWith('30@')) return paintedScreen();
    const seed = NAMES.indexOf(track.slice(2)) + 3;
    // Somebody holds a phone upright.
    return track === '1@Chidi' ? paintedFace(seed, 360, 640) : paintedFace(seed);
  };
  const made = new Visit('friday-lunch', {
    createMeeting: () => fake,
    options: readOptions(new URLSearchParams({ name: 'Ada' })),
    camera: new LocalDevice('camera', capture),
    microphone: new LocalDevice('microphone', capture),
    screen: new ScreenShare(() => {
      const [video] = paintedScreen().getVideoTracks();
      return video === undefined ? never() : Promise.resolve({ kind: 'open', video, audio: null });
    }),
    devices: Object.assign(Object.create(DeviceList.prototype) as DeviceList, {
      devices: new Observable(devices),
      refresh: () => Promise.resolve(),
      close: () => undefined,
    }),
  });
  void made.open().then(() => {
    if (meeting === undefined) return;
    made.join('Ada');
    meeting(fake, made);
  });
  return made;
}

function people(count: number): Participant[] {
  return Array.from({ length: count }, (_, index) => {
    const name = NAMES[index % NAMES.length] ?? '';
    const again = index < NAMES.length ? '' : ` ${Math.floor(index / NAMES.length) + 1}`;
    return person(`${name}${again}`, {
      identity: name + again,
      microphone: index % 3 === 1 ? 'muted' : 'on',
      camera: index % 5 === 3 ? 'muted' : 'on',
    });
  });
}

const room = (
  others: number,
  more: (meeting: FakeMeeting, visit: Visit) => void = () => undefined,
): Story => ({
  kind: 'visit',
  make: () =>
    visit({
      meeting: (meeting, made) => {
        meeting.enter(people(others));
        const [first] = meeting.participants.value;
        if (first !== undefined)
          meeting.speakers.set({ dominant: first.identity, speaking: [first.identity] });
        more(meeting, made);
      },
    }),
});

/** The organiser's limits on the first people here; one of them is held back whole. */
function limit(meeting: FakeMeeting): void {
  const layer = { rid: 'h', height: 360, temporal: null };
  meeting.slotsOf.set('1@Ben Okafor', { layer, limitedBy: 'cap', limitBps: 800_000 });
  meeting.slotsOf.set('1@Chidi', { mid: '5', state: 'paused', limitedBy: 'room_cap' });
  meeting.slotsOf.set('1@Dana Whitfield', { layer: { rid: 'f', height: 720, temporal: null } });
  meeting.slotsOf.set('30@Ben Okafor', {
    layer: { rid: null, height: 1080, temporal: null },
    limitedBy: 'height_cap',
  });
  const now = { width: 640, height: 360, framesPerSecond: 25 };
  let second = 0;
  meeting.peer.set(
    receiving('2', () => {
      second += 1;
      const bitsPerSecond = 412_000 + 60_000 * Math.sin(second / 2) + (second < 4 ? 700_000 : 0);
      return { ...now, bitsPerSecond, allBitsPerSecond: bitsPerSecond + 240_000 };
    }),
  );
}

/** The first person's picture is kept small by this, which moves as an estimate does. */
const bounded =
  (by: 'link' | 'room_cap') =>
  (meeting: FakeMeeting): void => {
    limit(meeting);
    meeting.slotsOf.set('1@Ben Okafor', {
      layer: { rid: 'h', height: 360, temporal: null },
      limitedBy: by,
    });
    let second = 0;
    const tell = (): void => {
      second += 1;
      meeting.limit.set({ by, bps: 900_000 + 40_000 * Math.min(second, 8) + 60_000 * Math.sin(second) });
    };
    tell();
    setInterval(tell, 1000);
  };

function talk(meeting: FakeMeeting): void {
  const at = Date.UTC(2026, 0, 5, 12);
  meeting.say('Ben Okafor', 'Ben Okafor', 'Good to see everybody! Can you hear me?', at);
  meeting.say('Chidi', 'Chidi', 'Loud and clear.', at + 30_000);
  meeting.say('self', 'Ada', 'The plan is at https://example.org/plan, have a look.', at + 60_000);
  meeting.say('Chidi', 'Chidi', 'Looking.', at + 90_000);
  meeting.say(
    'Chidi',
    'Chidi',
    'The second page says Tuesday, the third says Thursday. Which is it?',
    at + 95_000,
  );
}

const problem = { title: 'The server cannot be reached', detail: 'Is this device online?' };

export const stories: Readonly<Record<string, Story>> = {
  home: { kind: 'home' },
  broken: { kind: 'broken' },
  unsupported: {
    kind: 'unsupported',
    cure: 'Any current Chrome, Edge, Firefox or Safari has it. If this is one, a setting switched it off.',
  },
  prejoin: { kind: 'visit', make: () => visit({}) },
  'prejoin-asking': { kind: 'visit', make: () => visit({ capture: never }) },
  'prejoin-blocked': {
    kind: 'visit',
    make: () => visit({ capture: failing('camera', 'microphone')('NotAllowedError') }),
  },
  'prejoin-missing': {
    kind: 'visit',
    make: () => visit({ capture: failing('camera')('NotFoundError'), devices: { ...DEVICES, cameras: [] } }),
  },
  'prejoin-busy': {
    kind: 'visit',
    make: () => visit({ capture: failing('microphone')('NotReadableError') }),
  },
  'prejoin-insecure': {
    kind: 'visit',
    support: {
      kind: 'watch_only',
      title: 'This page is not served securely',
      cure: 'Browsers give camera and microphone to https:// and to localhost alone. You can join, watch and listen.',
    },
    make: () =>
      visit({
        capture: failing('camera', 'microphone')('NotAllowedError'),
        devices: { microphones: [], cameras: [], speakers: [] },
      }),
  },
  joining: { kind: 'visit', make: () => visit({ meeting: () => undefined }) },
  waiting: {
    kind: 'visit',
    make: () =>
      visit({
        meeting: (meeting) =>
          meeting.state.set({ kind: 'joining', retry: { attempt: 3, retryInMs: 4000, problem } }),
      }),
  },
  failed: {
    kind: 'visit',
    make: () => visit({ meeting: (meeting) => meeting.state.set({ kind: 'failed', problem }) }),
  },
  left: room(2, (_, made) => made.leave()),
  replaced: room(2, (meeting) => meeting.state.set({ kind: 'left', reason: 'replaced', message: '' })),
  alone: room(0),
  two: room(1),
  four: room(3),
  nine: room(8),
  sixteen: room(15),
  thirty: room(29),
  connecting: room(2, (meeting) => meeting.state.set({ kind: 'joined', media: 'connecting' })),
  reconnecting: room(3, (meeting) =>
    meeting.state.set({ kind: 'reconnecting', attempt: 2, retryInMs: 4000, problem, media: 'live' }),
  ),
  lost: room(3, (meeting) =>
    meeting.state.set({ kind: 'reconnecting', attempt: 4, retryInMs: 8000, problem, media: 'lost' }),
  ),
  'sound-blocked': room(3, (meeting) => meeting.sound.set('blocked')),
  slots: {
    kind: 'visit',
    make: () =>
      visit({
        meeting: (meeting) => {
          meeting.slotsOf.set('1@Ben Okafor', { state: 'awaiting_keyframe' });
          meeting.slotsOf.set('1@Chidi', { state: 'no_mutual_codec' });
          meeting.enter([
            person('Ben Okafor', { identity: 'Ben Okafor' }),
            person('Chidi', { identity: 'Chidi' }),
            person('Dana Whitfield', { identity: 'Dana Whitfield', camera: 'muted', microphone: 'muted' }),
            person('Emil', { identity: 'Emil', presence: 'unstable' }),
            person('Studio', { identity: 'Studio', via: 'whip', microphone: 'none' }),
          ]);
        },
      }),
  },
  limited: room(3, limit),
  'limited-link': room(3, bounded('link')),
  'limited-room': room(3, bounded('room_cap')),
  'limited-sixteen': room(15, limit),
  'limited-screen': room(4, (meeting) => {
    limit(meeting);
    const [first, ...rest] = meeting.participants.value;
    if (first === undefined) return;
    meeting.participants.set([person(first.name, { identity: first.identity, screen: 'on' }), ...rest]);
  }),
  screen: room(4, (meeting) => {
    const [first, ...rest] = meeting.participants.value;
    if (first === undefined) return;
    meeting.participants.set([person(first.name, { identity: first.identity, screen: 'on' }), ...rest]);
  }),
  'own-screen': room(3, (_, made) => made.toggleScreen()),
  talked: room(3, talk),
  scripts: room(2, (meeting) => {
    meeting.enter([
      person('דנה לוי', { identity: 'dana' }),
      person('W'.repeat(60), { identity: 'long' }),
      person('🙂'.repeat(32), { identity: 'faces', camera: 'none' }),
    ]);
    meeting.speakers.set({ dominant: 'dana', speaking: [] });
    const at = Date.UTC(2026, 0, 5, 12);
    meeting.say('dana', 'דנה לוי', 'שלום! מתי נפגשים, ב-10:30?', at);
    meeting.say('long', 'W'.repeat(60), 'x'.repeat(120), at + 1000);
  }),
  notices: room(3, (meeting, made) => {
    setTimeout(() => {
      talk(meeting);
      meeting.participants.set([...meeting.participants.value, person('Zoe')]);
      made.camera.notice.set({ device: 'camera', lost: 'Desk camera (USB)', now: 'Built-in camera' });
    }, 500);
  }),
};
