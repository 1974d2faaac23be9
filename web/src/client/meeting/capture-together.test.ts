import { describe, expect, it } from 'vitest';
import { CaptureTogether } from './capture-together.ts';

const track = (kind: string): MediaStreamTrack => ({ kind }) as MediaStreamTrack;

type States = Readonly<Partial<Record<string, PermissionState>>>;

/** A browser that refuses each set of devices by the error of its name, and knows permissions where said. */
function browser(
  refusals: Readonly<Partial<Record<'both' | 'camera' | 'microphone', string>>>,
  states?: States,
): { together: CaptureTogether; asked: string[] } {
  const asked: string[] = [];
  const getUserMedia = ({ video, audio }: MediaStreamConstraints = {}): Promise<MediaStream> => {
    const what = video === undefined ? 'microphone' : audio === undefined ? 'camera' : 'both';
    asked.push(what);
    const error = refusals[what];
    if (error !== undefined) return Promise.reject(new DOMException('no', error));
    const [videos, audios] = [
      video === undefined ? [] : [track('video')],
      audio === undefined ? [] : [track('audio')],
    ];
    return Promise.resolve({
      getTracks: () => [...videos, ...audios],
      getVideoTracks: () => videos,
      getAudioTracks: () => audios,
    } as unknown as MediaStream);
  };
  const query = ({ name }: { name: string }): Promise<PermissionStatus> =>
    states === undefined
      ? Promise.reject(new TypeError('unknown permission'))
      : Promise.resolve({ state: states[name] ?? 'prompt' } as PermissionStatus);
  const source = { getUserMedia, getDisplayMedia: getUserMedia };
  return { together: new CaptureTogether({ source, permissions: { query } }), asked };
}

async function openBoth(together: CaptureTogether): Promise<string[]> {
  const outcomes = await Promise.all([together.open('camera', null), together.open('microphone', null)]);
  return outcomes.map((captured) =>
    captured.kind === 'open' ? captured.track.kind : captured.problem.cause,
  );
}

describe('a camera and a microphone asked for at once', () => {
  it('are one question', async () => {
    const { together, asked } = browser({});
    expect(await openBoth(together)).toEqual(['video', 'audio']);
    expect(asked).toEqual(['both']);
  });

  it('are two when they are asked for one after the other', async () => {
    const { together, asked } = browser({});
    await together.open('camera', null);
    await together.open('microphone', null);
    expect(asked).toEqual(['camera', 'microphone']);
  });

  it('are opened apart when one is missing', async () => {
    const { together, asked } = browser({ both: 'NotFoundError', camera: 'NotFoundError' });
    expect(await openBoth(together)).toEqual(['missing', 'audio']);
    expect(asked.slice(0, 3)).toEqual(['both', 'camera', 'microphone']);
  });

  it.each<[string, States | undefined, string[], string[]]>([
    ['is asked no second time', {}, ['blocked', 'blocked'], ['both']],
    [
      'blocked one for good is asked for the other',
      { camera: 'denied' },
      ['blocked', 'audio'],
      ['both', 'microphone'],
    ],
    [
      'blocked both for good is asked no more',
      { camera: 'denied', microphone: 'denied' },
      ['blocked', 'blocked'],
      ['both'],
    ],
    [
      'allowed both but the system does not finds out which works',
      { camera: 'granted', microphone: 'granted' },
      ['blocked', 'audio'],
      ['both', 'camera', 'microphone'],
    ],
    [
      'whose browser tells nothing is asked for each',
      undefined,
      ['blocked', 'audio'],
      ['both', 'camera', 'microphone'],
    ],
  ])('whoever said no and %s', async (_, states, outcome, questions) => {
    const { together, asked } = browser({ both: 'NotAllowedError', camera: 'NotAllowedError' }, states);
    expect(await openBoth(together)).toEqual(outcome);
    expect(asked).toEqual(questions);
  });

  it('say why where the page is not secure', async () => {
    const together = new CaptureTogether({ source: undefined, permissions: undefined });
    expect(await openBoth(together)).toEqual(['insecure', 'insecure']);
  });
});
