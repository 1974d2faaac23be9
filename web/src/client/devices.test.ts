import { describe, expect, it } from 'vitest';
import { openDevices, type DeviceSource } from './devices.ts';

const stream = (name: string): MediaStream => ({ id: name }) as MediaStream;

/** Devices that give what is named and refuse the rest with `error`. */
function source(has: { both?: boolean; audio?: boolean; video?: boolean }, error: string): DeviceSource {
  return {
    getUserMedia: ({ audio, video }) => {
      const both = audio !== undefined && video !== undefined;
      if (both && has.both === true) return Promise.resolve(stream('both'));
      if (!both && audio !== undefined && has.audio === true) return Promise.resolve(stream('audio'));
      if (!both && video !== undefined && has.video === true) return Promise.resolve(stream('video'));
      return Promise.reject(new DOMException('no', error));
    },
  };
}

describe('openDevices', () => {
  it('opens both', async () => {
    expect(await openDevices(source({ both: true }, ''))).toMatchObject({ kind: 'open', missing: 'none' });
  });

  it('goes on with sound alone when there is no camera', async () => {
    const outcome = await openDevices(source({ audio: true }, 'NotFoundError'));
    expect(outcome).toMatchObject({
      kind: 'open',
      missing: 'camera',
      why: expect.stringContaining('No camera') as string,
    });
  });

  it('goes on with the picture alone when the microphone is taken', async () => {
    const outcome = await openDevices(source({ video: true }, 'NotReadableError'));
    expect(outcome).toMatchObject({
      kind: 'open',
      missing: 'microphone',
      why: expect.stringContaining('Another program') as string,
    });
  });

  it('asks once when permission is refused', async () => {
    let asked = 0;
    const outcome = await openDevices({
      getUserMedia: () => {
        asked += 1;
        return Promise.reject(new DOMException('no', 'NotAllowedError'));
      },
    });
    expect(outcome).toMatchObject({ kind: 'refused', title: 'Camera and microphone are blocked' });
    expect(asked).toBe(1);
  });

  it.each([
    ['NotFoundError', 'No camera or microphone was found'],
    ['NotReadableError', 'Camera and microphone are in use'],
    ['AbortError', 'Camera and microphone could not be opened'],
  ])('names the cause of %s', async (name, title) => {
    expect(await openDevices(source({}, name))).toMatchObject({ kind: 'refused', title });
  });
});
