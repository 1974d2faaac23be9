import { describe, expect, it } from 'vitest';
import { LOCAL_SDP, REMOTE_SDP } from '../testing/fake-peer.ts';
import { RESTART_FRAGMENT } from '../testing/fake-server.ts';
import { RETRY_MS_MAX, retryDelayMs } from './backoff.ts';
import { parseVideoCodec, preferCodec } from './codec.ts';
import { Observable } from './observable.ts';
import { applyRestart, restartFragment } from './sdp.ts';
import { cutToBytes } from './text.ts';

describe('retryDelayMs', () => {
  it('doubles to a bound, and jitter only shortens', () => {
    expect([1, 2, 3].map((attempt) => retryDelayMs(attempt, 0))).toEqual([500, 1000, 2000]);
    expect(retryDelayMs(50, 0)).toBe(RETRY_MS_MAX);
    expect(retryDelayMs(1, 0.999)).toBeGreaterThanOrEqual(300);
    expect(retryDelayMs(1, 0.5)).toBe(400);
  });
});

describe('restart fragments', () => {
  it('carries the bundle, the first section and our credentials', () => {
    expect(restartFragment(LOCAL_SDP).split('\r\n')).toEqual([
      'a=group:BUNDLE 0 1',
      'm=video 9 UDP/TLS/RTP/SAVPF 96',
      'a=mid:0',
      'a=ice-ufrag:ours',
      'a=ice-pwd:ours-password',
      '',
    ]);
  });

  it('puts new credentials and candidates into every section of the old answer', () => {
    const sdp = applyRestart(REMOTE_SDP, RESTART_FRAGMENT);
    expect(sdp.match(/a=ice-ufrag:new\r\n/g)).toHaveLength(2);
    expect(sdp.match(/a=ice-pwd:new-password\r\n/g)).toHaveLength(2);
    expect(sdp.match(/10\.0\.0\.1/g)).toHaveLength(2);
    expect(sdp).not.toContain('theirs');
    expect(sdp).not.toContain('127.0.0.1 7882');
    expect(sdp.match(/^m=/gm)).toHaveLength(2);
  });

  it('keeps the old candidates when the fragment has none', () => {
    const bare = RESTART_FRAGMENT.split('\r\n')
      .filter((line) => !line.startsWith('a=candidate'))
      .join('\r\n');
    expect(applyRestart(REMOTE_SDP, bare).match(/127\.0\.0\.1 7882/g)).toHaveLength(2);
  });

  it('refuses a fragment without credentials', () => {
    expect(() => applyRestart(REMOTE_SDP, 'a=mid:0\r\n')).toThrow(/credentials/);
  });
});

describe('cutToBytes', () => {
  it.each([
    ['Ada', 3, 'Ada'],
    ['Ada', 2, 'Ad'],
    ['Zoë', 3, 'Zo'],
    ['👋👋', 7, '👋'],
    ['Ada Lovelace', 4, 'Ada'],
    ['half \ud83d', 8, 'half \ufffd'],
  ])('leaves of %s in %i bytes: %s', (text, bytesMax, left) => {
    expect(cutToBytes(text, bytesMax)).toBe(left);
  });
});

describe('codecs', () => {
  it('puts the wanted one first and keeps the others in order', () => {
    const codecs = ['video/VP8', 'video/rtx', 'video/AV1', 'video/H264'].map((mimeType) => ({ mimeType }));
    expect(preferCodec(codecs, 'av1').map((codec) => codec.mimeType)).toEqual([
      'video/AV1',
      'video/VP8',
      'video/rtx',
      'video/H264',
    ]);
  });

  it('knows the four names and no other', () => {
    expect(['VP8', 'vp9', 'H264', 'av1', 'theora', null].map(parseVideoCodec)).toEqual([
      'vp8',
      'vp9',
      'h264',
      'av1',
      undefined,
      undefined,
    ]);
  });
});

describe('Observable', () => {
  it('tells the value now and later, until it is unsubscribed', () => {
    const cell = new Observable(1);
    const seen: number[] = [];
    const unsubscribe = cell.subscribe((value) => seen.push(value));
    cell.set(2);
    unsubscribe();
    unsubscribe();
    cell.set(3);
    expect(seen).toEqual([1, 2]);
  });

  it('lets a listener leave while it is called', () => {
    const cell = new Observable(0);
    const seen: string[] = [];
    const leave = cell.subscribe((value) => {
      if (value === 1) leave();
      seen.push(`a${value}`);
    });
    cell.subscribe((value) => seen.push(`b${value}`));
    cell.set(1);
    cell.set(2);
    expect(seen).toEqual(['a0', 'b0', 'a1', 'b1', 'b2']);
  });
});
