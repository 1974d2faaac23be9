import { describe, expect, it } from 'vitest';
import { capture, captureScreen, type CaptureSource } from './capture.ts';

const track = (id: string): MediaStreamTrack => ({ id }) as MediaStreamTrack;
const stream = (...tracks: MediaStreamTrack[]): MediaStream =>
  ({
    getTracks: () => tracks,
    getVideoTracks: () => tracks.slice(0, 1),
    getAudioTracks: () => tracks.slice(1),
  }) as unknown as MediaStream;

/** Answers each call in turn: a stream, or the name of an error. */
function source(...answers: (MediaStream | string)[]): {
  source: CaptureSource;
  asked: MediaStreamConstraints[];
} {
  const asked: MediaStreamConstraints[] = [];
  const next = (constraints: MediaStreamConstraints = {}): Promise<MediaStream> => {
    asked.push(constraints);
    const answer = answers.shift() ?? 'NotFoundError';
    return typeof answer === 'string'
      ? Promise.reject(new DOMException('no', answer))
      : Promise.resolve(answer);
  };
  return { source: { getUserMedia: next, getDisplayMedia: next }, asked };
}

describe('capture', () => {
  it('opens the device that was chosen', async () => {
    const { source: devices, asked } = source(stream(track('cam')));
    expect(await capture('camera', 'front', devices)).toEqual({ kind: 'open', track: track('cam') });
    expect(asked[0]?.video).toMatchObject({ deviceId: { exact: 'front' } });
  });

  it('takes any other when the chosen one is gone', async () => {
    const { source: devices, asked } = source('OverconstrainedError', stream(track('mic')));
    expect(await capture('microphone', 'headset', devices)).toEqual({ kind: 'open', track: track('mic') });
    expect(asked).toEqual([{ audio: { deviceId: { exact: 'headset' } } }, { audio: {} }]);
  });

  it('asks once when permission is refused', async () => {
    const { source: devices, asked } = source('NotAllowedError', stream(track('cam')));
    expect(await capture('camera', 'front', devices)).toMatchObject({
      kind: 'refused',
      problem: { cause: 'blocked', title: 'The camera is blocked' },
    });
    expect(asked).toHaveLength(1);
  });

  it.each([
    ['NotFoundError', 'missing'],
    ['NotReadableError', 'busy'],
    ['OverconstrainedError', 'unsuitable'],
    ['SyntaxError', 'other'],
  ])('names the cause and the cure of %s', async (name, cause) => {
    const outcome = await capture('camera', null, source(name, name, name).source);
    expect(outcome).toMatchObject({ kind: 'refused', problem: { cause } });
    expect(outcome.kind === 'refused' && outcome.problem.cure).not.toBe('');
  });

  it('gives a screen with its sound, or without, or says that nothing was chosen', async () => {
    const [video, audio] = [track('screen'), track('sound')];
    expect(await captureScreen(source(stream(video, audio)).source)).toEqual({ kind: 'open', video, audio });
    expect(await captureScreen(source(stream(video)).source)).toEqual({ kind: 'open', video, audio: null });
    expect(await captureScreen(source('NotAllowedError').source)).toMatchObject({
      kind: 'refused',
      problem: { cause: 'cancelled' },
    });
  });
});
