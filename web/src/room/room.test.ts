import { describe, expect, it } from 'vitest';
import type { LinkState, TrackStats } from '../client/index.ts';
import { bitrateText, roundTripText, trackText } from './format.ts';
import { readParams, watchLink } from './params.ts';
import { publishMessage, publishWords, stageEmpty, watchWords } from './words.ts';

const read = (path: string): ReturnType<typeof readParams> =>
  readParams(new URL(path, 'http://sfu.test'), () => 0.5);

describe('links', () => {
  it('takes the room from the query, then the fragment, then its default', () => {
    expect(read('/?room=a#b').room).toBe('a');
    expect(read('/#caf%C3%A9').room).toBe('café');
    expect(read('/#%').room).toBe('%');
    expect(read('/').room).toBe('demo');
  });

  it('reads options and keeps nonsense out', () => {
    expect(read('/?codec=H264&simulcast&slots=9&role=watch&watch=a,b')).toMatchObject({
      codec: 'h264',
      simulcast: 'on',
      slots: 9,
      role: 'watch',
      watch: 'a,b',
    });
    expect(read('/?codec=x&slots=900&role=boss&simulcast=off')).toMatchObject({
      codec: undefined,
      simulcast: 'off',
      slots: 4,
      role: 'none',
    });
    expect(read('/').identity).toBe('guest-8000');
  });

  it('makes a link that comes back as the same room', () => {
    const link = watchLink(new URL('http://sfu.test/?codec=av1#x'), 'a & b');
    expect(readParams(new URL(link), () => 0)).toMatchObject({ room: 'a & b', role: 'watch' });
  });
});

describe('words', () => {
  const problem = { title: 'No common codec', detail: 'Offer VP8.', status: 406 };
  const links: LinkState[] = [
    { kind: 'idle' },
    { kind: 'connecting' },
    { kind: 'live' },
    { kind: 'reconnecting', attempt: 2, retryInMs: 1600, problem },
    { kind: 'failed', problem },
    { kind: 'ended', by: 'us' },
    { kind: 'ended', by: 'server' },
  ];

  it('draws every state of a link differently', () => {
    const texts = links.map((link) => JSON.stringify(stageEmpty(link, 'demo')));
    expect(new Set(texts).size).toBe(links.length);
  });

  it('tells waiting from live', () => {
    expect(watchWords({ kind: 'live' }, 0)).toEqual({ tone: 'busy', text: 'Waiting for a publisher' });
    expect(watchWords({ kind: 'live' }, 1).text).toBe('Live, 1 publisher');
    expect(watchWords({ kind: 'live' }, 2).text).toBe('Live, 2 publishers');
  });

  it('says what the server refused, and when it tries again', () => {
    expect(publishMessage({ kind: 'link', link: { kind: 'failed', problem } })).toEqual({
      title: 'No common codec',
      text: 'Offer VP8. Status 406.',
    });
    const retry = publishMessage({
      kind: 'link',
      link: { kind: 'reconnecting', attempt: 2, retryInMs: 1600, problem },
    });
    expect(retry?.text).toContain('in 2 s');
  });

  it('names refused devices and their cure', () => {
    const state = { kind: 'refused', title: 'Blocked', cure: 'Allow it.' } as const;
    expect(publishWords(state).tone).toBe('bad');
    expect(publishMessage(state)).toEqual({ title: 'Blocked', text: 'Allow it.' });
  });
});

describe('figures', () => {
  it('writes rates and delays for people', () => {
    expect(bitrateText(48_200)).toBe('48 kbit/s');
    expect(bitrateText(1_240_000)).toBe('1.2 Mbit/s');
    expect(roundTripText(undefined)).toBe('–');
    expect(roundTripText(0.44)).toBe('under 1 ms');
    expect(roundTripText(123.4)).toBe('123 ms');
  });

  it('writes one line for a track', () => {
    const track: TrackStats = {
      kind: 'video',
      track: 't',
      codec: 'VP8',
      width: 1280,
      height: 720,
      framesPerSecond: 29.6,
      bitrate: 1_200_000,
      packets: 1,
      packetsLost: 0,
      freezeCount: 0,
    };
    expect(trackText(track)).toBe('VP8 · 1280×720 · 30 fps · 1.2 Mbit/s · 0 lost');
    const audio = trackText({ ...track, kind: 'audio', codec: 'opus', width: 0, height: 0, bitrate: 32_000 });
    expect(audio).toBe('Opus · 32 kbit/s · 0 lost');
  });
});
