import type { Participant, Track } from '../../client/index.ts';

/** The picture of the person; an encoder's only picture counts as one, whatever it shows. */
export function cameraOf({ tracks }: Participant): Track | undefined {
  return tracks.find((track) => track.source === 'camera');
}

export function microphoneOf({ tracks }: Participant): Track | undefined {
  return tracks.find((track) => track.source === 'microphone');
}

/** The screen that somebody shares at this moment. */
export function screenOf({ tracks }: Participant): Track | undefined {
  return tracks.find((track) => track.source === 'screen' && !track.muted);
}
