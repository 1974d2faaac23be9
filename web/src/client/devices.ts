/** What the camera and the microphone came to. */
export type DeviceOutcome =
  | {
      readonly kind: 'open';
      readonly stream: MediaStream;
      readonly missing: 'none' | 'camera' | 'microphone';
      readonly why: string;
    }
  | { readonly kind: 'refused'; readonly title: string; readonly cure: string };

export interface DeviceSource {
  getUserMedia(constraints: MediaStreamConstraints): Promise<MediaStream>;
}

/** Enough for a face at a desk, and a rate that every camera offers. */
const CAMERA: MediaTrackConstraints = {
  width: { ideal: 1280 },
  height: { ideal: 720 },
  frameRate: { ideal: 30 },
};

/** Asks for both devices, and for either alone when the other does not exist or is taken. */
export async function openDevices(source: DeviceSource): Promise<DeviceOutcome> {
  try {
    const stream = await source.getUserMedia({ video: CAMERA, audio: true });
    return { kind: 'open', stream, missing: 'none', why: '' };
  } catch (error) {
    if (nameOf(error) === 'NotAllowedError') return refusal(error);
    const audio = await attempt(source, { audio: true });
    if (audio !== undefined)
      return { kind: 'open', stream: audio, missing: 'camera', why: reason(error, 'camera') };
    const video = await attempt(source, { video: CAMERA });
    if (video !== undefined)
      return { kind: 'open', stream: video, missing: 'microphone', why: reason(error, 'microphone') };
    return refusal(error);
  }
}

async function attempt(
  source: DeviceSource,
  constraints: MediaStreamConstraints,
): Promise<MediaStream | undefined> {
  return source.getUserMedia(constraints).catch(() => undefined);
}

function reason(error: unknown, device: 'camera' | 'microphone'): string {
  return nameOf(error) === 'NotReadableError'
    ? `Another program is using the ${device}. Close it and publish again.`
    : `No ${device} was found. Connect one and publish again.`;
}

function refusal(error: unknown): DeviceOutcome {
  switch (nameOf(error)) {
    case 'NotAllowedError':
      return {
        kind: 'refused',
        title: 'Camera and microphone are blocked',
        cure: 'Allow them for this page (the icon beside the address, or the system’s privacy settings), then try again.',
      };
    case 'NotReadableError':
      return {
        kind: 'refused',
        title: 'Camera and microphone are in use',
        cure: 'Another program holds them. Close it, then try again.',
      };
    case 'NotFoundError':
      return {
        kind: 'refused',
        title: 'No camera or microphone was found',
        cure: 'Connect one, then try again. Watching works without.',
      };
    default:
      return {
        kind: 'refused',
        title: 'Camera and microphone could not be opened',
        cure: error instanceof Error ? error.message : String(error),
      };
  }
}

function nameOf(error: unknown): string {
  return error instanceof Error || error instanceof DOMException ? error.name : '';
}
