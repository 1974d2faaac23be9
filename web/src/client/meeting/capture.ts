/** Why a device could not be opened, and what a person can do. */
export interface DeviceProblem {
  readonly cause: 'blocked' | 'missing' | 'busy' | 'unsuitable' | 'insecure' | 'cancelled' | 'other';
  readonly title: string;
  readonly cure: string;
}

export type Captured =
  | { readonly kind: 'open'; readonly track: MediaStreamTrack }
  | { readonly kind: 'refused'; readonly problem: DeviceProblem };

export type CapturedScreen =
  | { readonly kind: 'open'; readonly video: MediaStreamTrack; readonly audio: MediaStreamTrack | null }
  | { readonly kind: 'refused'; readonly problem: DeviceProblem };

/** As much of `navigator.mediaDevices` as is used here. */
export type CaptureSource = Pick<MediaDevices, 'getUserMedia' | 'getDisplayMedia'>;

export type CaptureDevice = 'camera' | 'microphone';

type Device = CaptureDevice | 'screen';

/** Enough for a face at a desk, and a rate that every camera offers. */
const CAMERA: MediaTrackConstraints = {
  width: { ideal: 1280 },
  height: { ideal: 720 },
  frameRate: { ideal: 30 },
};
/** Text on a screen is read, not watched: sharpness before rate. */
const SCREEN: DisplayMediaStreamOptions = { video: { frameRate: { ideal: 15, max: 30 } }, audio: true };

/**
 * Opens the microphone or the camera, the named one if it is there. A device that is gone gives way to any other;
 * one that cannot do the wanted size gives what it can.
 */
export async function capture(
  device: CaptureDevice,
  deviceId: string | null = null,
  source: CaptureSource | undefined = mediaDevices(),
): Promise<Captured> {
  if (source === undefined) return refused(insecure(device));
  const attempts: (MediaTrackConstraints | true)[] = [
    ...(deviceId === null ? [] : [wishesFor(device, deviceId)]),
    wishesFor(device, null),
    true,
  ];
  let problem = insecure(device);
  for (const constraints of attempts) {
    try {
      const stream = await source.getUserMedia(
        device === 'camera' ? { video: constraints } : { audio: constraints },
      );
      const [track] = stream.getTracks();
      if (track !== undefined) return { kind: 'open', track };
      problem = explain(new DOMException('The stream is empty', 'NotFoundError'), device);
    } catch (error) {
      problem = explain(error, device);
      if (problem.cause !== 'unsuitable' && problem.cause !== 'missing') break;
    }
  }
  return refused(problem);
}

/** What is asked of a device before anything less is. */
export function wishesFor(device: CaptureDevice, deviceId: string | null): MediaTrackConstraints {
  const wishes = device === 'camera' ? CAMERA : {};
  return deviceId === null ? wishes : { ...wishes, deviceId: { exact: deviceId } };
}

/** Lets a person choose a screen, a window or a tab, with its sound where the browser has it. */
export async function captureScreen(
  source: CaptureSource | undefined = mediaDevices(),
): Promise<CapturedScreen> {
  // Absent, against its type, on phones.
  if (source === undefined || !('getDisplayMedia' in source)) return refused(insecure('screen'));
  try {
    const stream = await source.getDisplayMedia(SCREEN);
    const [video] = stream.getVideoTracks();
    const [audio = null] = stream.getAudioTracks();
    if (video === undefined)
      return refused(explain(new DOMException('The stream is empty', 'NotFoundError'), 'screen'));
    return { kind: 'open', video, audio };
  } catch (error) {
    return refused(explain(error, 'screen'));
  }
}

/** What `getUserMedia` threw, in words for a person. */
export function explain(error: unknown, device: Device): DeviceProblem {
  switch (nameOf(error)) {
    case 'NotAllowedError':
    case 'SecurityError':
      return device === 'screen' ? cancelled() : blocked(device);
    case 'NotFoundError':
      return {
        cause: 'missing',
        title: `No ${device} was found`,
        cure: 'Connect one, then try again. You can join without.',
      };
    case 'NotReadableError':
    case 'AbortError':
      return {
        cause: 'busy',
        title: `The ${device} is in use or does not answer`,
        cure: 'Close the other program that holds it, or plug it in again, then try again.',
      };
    case 'OverconstrainedError':
      return {
        cause: 'unsuitable',
        title: `The chosen ${device} is gone or cannot do what was asked`,
        cure: 'Choose another one.',
      };
    default:
      return {
        cause: 'other',
        title: `The ${device} could not be opened`,
        cure: error instanceof Error ? error.message : String(error),
      };
  }
}

function blocked(device: Device): DeviceProblem {
  return {
    cause: 'blocked',
    title: `The ${device} is blocked`,
    cure: 'Allow it for this page (the icon beside the address, or the system’s privacy settings), then try again.',
  };
}

function cancelled(): DeviceProblem {
  return {
    cause: 'cancelled',
    title: 'Nothing is shared',
    cure: 'No screen was chosen, or the system does not allow it: see its privacy settings.',
  };
}

/** What is said where the browser has no devices for the page. */
export function insecure(device: Device): DeviceProblem {
  return {
    cause: 'insecure',
    title: `This page cannot use the ${device}`,
    cure:
      device === 'screen'
        ? 'This browser shares no screens. Desktop browsers do, on https:// pages.'
        : 'Browsers give it to https:// and to localhost alone. You can join, watch and listen.',
  };
}

function refused(problem: DeviceProblem): { kind: 'refused'; problem: DeviceProblem } {
  return { kind: 'refused', problem };
}

/** Absent where the page is not secure. */
export function mediaDevices(): CaptureSource | undefined {
  // Absent, against its type, where the page is not secure.
  return 'mediaDevices' in navigator ? navigator.mediaDevices : undefined;
}

function nameOf(error: unknown): string {
  return error instanceof Error || error instanceof DOMException ? error.name : '';
}
