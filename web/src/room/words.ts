import type { Layer, LeaveReason, MeetingState, Problem, Retry, Slot } from '../client/index.ts';
import { limitWords } from './limit-words.ts';
import type { DeviceKind, DeviceNotice } from './visit/local-device.ts';

/** Every word that the page says, so that it can be proof-read, and translated one day, in one place. */
export const words = {
  product: 'Rooms',
  home: {
    title: 'A word makes a room',
    what: 'Pick any word, send the link, and see and hear each other. Nothing to install, no account.',
    field: 'Word or link',
    placeholder: 'friday-lunch',
    enter: 'Enter',
    fresh: 'Make a fresh room',
    last: (room: string) => `Back to “${room}”`,
    facts: [
      ['One upload each', 'Your camera is sent once, however many are watching.'],
      ['Open to whoever has the link', 'Pick a word that is hard to guess, or let us make one up.'],
      ['Everybody fits', 'Sixteen faces on one screen, and whoever speaks is heard.'],
    ],
    empty: 'Type a word or paste a link first.',
    slash: 'A room’s name holds no slash.',
    dots: 'A room’s name needs more than dots.',
    too_long: 'That is too long for a room’s name: 128 bytes at most.',
  },
  door: {
    title: (room: string) => `Join “${room}”`,
    name: 'Your name',
    namePlaceholder: 'What the others will see',
    nameMissing: 'Tell the others who you are.',
    joinWithout: {
      neither: 'Join without camera and microphone',
      camera: 'Join without camera',
      microphone: 'Join without microphone',
      both: 'Join',
    },
    preview: 'Your own picture, mirrored',
    cameraOff: 'Your camera is off',
    opening: 'Waiting for your camera and microphone. The browser may ask you to allow them.',
    retry: 'Try again',
    level: 'Microphone level',
    muted: 'Muted: nobody hears you',
    silence: 'Say something: the bar moves when you are heard.',
    levelHeld: 'Tap or click anywhere to see your level.',
    elsewhere: 'Start page',
    guest: 'Guest',
  },
  devices: {
    title: 'Devices',
    microphone: 'Microphone',
    camera: 'Camera',
    speaker: 'Speaker',
    none: 'None found',
    system: 'System default',
    both: {
      blocked: {
        title: 'Camera and microphone are blocked',
        cure: 'Allow them for this page (the icon beside the address, or the system’s privacy settings), then try again.',
      },
      missing: {
        title: 'No camera and no microphone were found',
        cure: 'Connect one, then try again. You can join without: you will see and hear the others.',
      },
      busy: {
        title: 'Camera and microphone are in use or do not answer',
        cure: 'Close the other program that holds them, or plug them in again, then try again.',
      },
    },
  },
  bar: {
    label: 'Controls',
    mute: 'Mute microphone',
    unmute: 'Unmute microphone',
    cameraOff: 'Turn camera off',
    cameraOn: 'Turn camera on',
    share: 'Share screen',
    stopShare: 'Stop sharing',
    devices: 'Devices',
    chat: 'Chat',
    unread: (count: number) => `Chat, ${count} unread`,
    people: 'People',
    peopleCount: (count: number) => `People, ${count} here`,
    copy: 'Copy link',
    copied: 'Link copied',
    help: 'Keyboard shortcuts',
    leave: 'Leave',
    light: 'Light colours',
    dark: 'Dark colours',
    close: 'Close',
  },
  stage: {
    label: 'Everybody',
    you: (name: string) => `${name} (you)`,
    muted: 'microphone muted',
    cameraOff: 'camera off',
    speaking: 'speaking',
    stream: 'Stream',
    unstable: 'Connection unstable',
    more: (count: number) => `+${count}`,
    moreLabel: (count: number) => `${count} more people; show the list`,
    pictureOf: (name: string) => `${name}’s picture`,
    screenOf: (name: string) => `${name}’s screen`,
    ownScreen: 'You are sharing your screen',
    ownScreenHint: 'Everybody else sees it here.',
  },
  seen: {
    open: (what: string) => `About ${what}`,
    size: 'Picture',
    pixels: (width: number, height: number) => `${width} × ${height}`,
    layer: 'Layer',
    lines: ({ rid, temporal }: Layer, height: number) =>
      `${height} lines${rid === null ? '' : ` (“${rid}”)`}${temporal === null ? '' : ', fewer frames'}`,
    frames: 'Frames per second',
    rate: 'Bit rate',
    minute: 'The last minute',
    top: (rate: string) => `at most ${rate}`,
    allRate: 'All received',
    legendPicture: 'picture',
    legendAll: 'all received',
    limitedBy: 'Limited by',
    organiser: 'the organiser',
    connection: 'your connection',
    nobody: 'nobody',
    nothing: 'none',
    unknown: '…',
  },
  alone: {
    title: 'Nobody else is here yet',
    text: 'Send the link to whoever you would like to see.',
  },
  chat: {
    title: 'Chat',
    empty: 'No messages yet. Everybody in the room sees what is written here, also those who come later.',
    field: 'Message to everybody',
    send: 'Send',
    failed: 'Not sent. Try again.',
    you: 'You',
    newer: 'Newer messages',
  },
  people: {
    title: 'People',
    you: 'you',
    stream: 'stream',
    sharing: 'sharing a screen',
  },
  refused: {
    title: 'The organiser’s limit is lower than what you send.',
    text: 'The others see a smaller picture of you, or one that stops now and then.',
  },
  invite: {
    opening: 'Opening your invitation…',
    ask: 'Ask whoever invited you for a new link.',
  },
  insecure: {
    title: 'Anybody can come in here.',
    text: 'This server asks nobody for an invitation: whoever knows the room’s name is in it.',
  },
  watching: {
    title: 'You are here to watch and listen.',
    text: 'Your invitation lets you send neither picture nor sound.',
  },
  sound: { title: 'Your browser holds the sound back', cure: 'Turn sound on' },
  media: {
    connecting: 'Connecting sound and pictures…',
    restarting: 'Finding a new path for sound and pictures…',
  },
  left: {
    title: 'You left the room',
    rejoin: 'Join again',
    home: 'Start page',
    failed: 'You could not get in',
    brokeOff: 'The meeting broke off',
  },
  joining: (room: string) => `Joining “${room}”…`,
  cancel: 'Cancel',
  loading: 'Loading…',
  broken: {
    title: 'This page broke',
    text: 'A part of it could not be loaded or did not work. Load it anew to go on.',
    reload: 'Load it anew',
  },
  help: {
    title: 'Keyboard shortcuts',
    use: 'Use these keys',
    keys: [
      ['m', 'Microphone on or off'],
      ['v', 'Camera on or off'],
      ['s', 'Share the screen, or stop'],
      ['c', 'Chat'],
      ['p', 'People'],
      ['d', 'Devices'],
      ['l', 'Copy the link'],
      ['?', 'This list'],
      ['Esc', 'Close what is open'],
    ],
  },
  joined: (name: string) => `${name} came in`,
  gone: (name: string) => `${name} left`,
  dismiss: 'Dismiss',
} as const;

const DEVICE: Record<DeviceKind, string> = { camera: 'camera', microphone: 'microphone' };

/** What a tile says of a picture that is not there: what is up, and why; empty when its absence speaks for itself. */
export function slotWords({
  state,
  limitedBy,
  limitBps = null,
}: Pick<Slot, 'state' | 'limitedBy'> & Partial<Pick<Slot, 'limitBps'>>): [what: string, why: string] {
  switch (state) {
    case 'awaiting_keyframe':
    case 'awaiting_media':
    case 'connecting':
      return ['Picture on its way…', ''];
    case 'paused':
      return [
        'Held back',
        limitedBy === null ? 'there is no room for it just now' : limitWords(limitedBy, limitBps),
      ];
    case 'no_mutual_codec':
      return ['Your browser cannot show this camera’s format', ''];
    case 'live':
    case 'empty':
    case 'muted':
    case 'hidden':
    case 'no_such_track':
      return ['', ''];
  }
}

/** A sentence of its own made of what could follow a colon. */
export function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}

/** The banner's two lines while something is being mended; undefined while all is well. */
export function bannerWords(state: MeetingState): { title: string; text: string } | undefined {
  switch (state.kind) {
    case 'reconnecting': {
      const why = `${state.problem.title}. ${retryWords(state)}`;
      return state.media === 'live'
        ? { title: 'Reconnecting…', text: `Sound and pictures go on. ${why}` }
        : { title: 'Connection lost, reconnecting…', text: `The others cannot see or hear you. ${why}` };
    }
    case 'joined':
      if (state.media === 'live') return undefined;
      return { title: words.media[state.media], text: '' };
    case 'idle':
    case 'joining':
    case 'left':
    case 'failed':
      return undefined;
  }
}

/** When it is tried again. */
export function retryWords({ retryInMs }: Retry): string {
  return retryInMs > 1000 ? `Next attempt in ${Math.round(retryInMs / 1000)} s.` : 'Trying now.';
}

export function leftWords(reason: LeaveReason): { title: string; text: string } {
  switch (reason) {
    case 'left':
      return { title: words.left.title, text: 'Camera and microphone are off.' };
    case 'lost':
      return { title: 'You were away for too long', text: 'The connection did not come back in time.' };
    case 'replaced':
      return {
        title: 'You came in somewhere else',
        text: 'Another page took your place under the same name.',
      };
    case 'draining':
      return { title: 'The server is going down for a while', text: 'Join again in a minute.' };
    case 'misbehaved':
      return { title: 'The server sent you out', text: 'This page sent what the server does not accept.' };
    case 'failed':
      return { title: 'The connection failed', text: 'Join again; if it fails again, try another network.' };
  }
}

export function problemWords(problem: Problem): string {
  const status = problem.status === undefined ? '' : `Status ${problem.status}.`;
  return [problem.detail, status].filter((part) => part !== '').join(' ');
}

export function noticeWords({ device, lost, now }: DeviceNotice): string {
  const what = lost === '' ? `The ${DEVICE[device]}` : lost;
  return now === null
    ? `${what} is gone, and there is no other ${DEVICE[device]}.`
    : `${what} is gone. ${now === '' ? `Another ${DEVICE[device]}` : now} is used now.`;
}

/** What a screen reader says of a tile: the name and everything that icons show. */
export function tileLabel(name: string, facts: readonly (string | false)[]): string {
  return [name, ...facts.filter((fact) => fact !== false && fact !== '')].join(', ');
}
