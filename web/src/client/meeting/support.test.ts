import { describe, expect, it } from 'vitest';
import { checkSupport, type Globals } from './support.ts';

const FULL: Globals = {
  RTCPeerConnection: {},
  RTCRtpTransceiver: {},
  WebSocket: {},
  isSecureContext: true,
  navigator: { mediaDevices: { getUserMedia: {} } },
};

describe('checkSupport', () => {
  it.each<[string, Globals, string]>([
    ['everything', FULL, 'full'],
    ['no WebRTC', { ...FULL, RTCPeerConnection: undefined }, 'none'],
    ['no WebSocket', { ...FULL, WebSocket: undefined }, 'none'],
    ['a page that is not secure', { ...FULL, isSecureContext: false, navigator: {} }, 'watch_only'],
    ['no devices', { ...FULL, navigator: {} }, 'watch_only'],
  ])('tells %s', (_what, globals, kind) => {
    expect(checkSupport(globals).kind).toBe(kind);
  });
});
