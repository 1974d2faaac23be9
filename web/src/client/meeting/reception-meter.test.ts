import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { receiving, type Counted } from '../../testing/fake-reception.ts';
import { pass, settle } from '../../testing/meeting-world.ts';
import { Observable } from '../observable.ts';
import type { Limit } from '../wire.ts';
import { READ_MS, ReceptionMeter } from './reception-meter.ts';

const SMALL: Counted = {
  width: 320,
  height: 180,
  framesPerSecond: 15,
  bitsPerSecond: 150_000,
  allBitsPerSecond: 400_000,
};
const LARGE: Counted = {
  width: 1280,
  height: 720,
  framesPerSecond: 30,
  bitsPerSecond: 1_500_000,
  allBitsPerSecond: 2_000_000,
};

const nothing = new Observable<Limit | null>(null);

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe('what comes in a slot', () => {
  it('is told once a second from the second reading on, headers and all', async () => {
    let now = SMALL;
    const peer = new Observable<RTCPeerConnection | null>(receiving('3', () => now));
    const meter = new ReceptionMeter(peer, nothing, '3');
    await settle();
    expect(meter.minute.value).toEqual([]);
    await pass(READ_MS);
    now = LARGE;
    await pass(READ_MS);
    expect(meter.minute.value.map(({ height }) => height)).toEqual([180, 720]);
    const [small, large] = meter.minute.value;
    expect(small?.bitsPerSecond).toBeCloseTo(SMALL.bitsPerSecond);
    expect(large?.bitsPerSecond).toBeCloseTo(LARGE.bitsPerSecond);
    expect(large?.framesPerSecond).toBe(30);
    expect([small?.allBitsPerSecond, large?.allBitsPerSecond]).toEqual([400_000, 2_000_000]);
    meter.close();
  });

  it('is told without all that came where the browser does not count that', async () => {
    const uncounted = { ...SMALL, allBitsPerSecond: null };
    const peer = new Observable<RTCPeerConnection | null>(receiving('3', () => uncounted));
    const meter = new ReceptionMeter(peer, nothing, '3');
    await pass(2 * READ_MS);
    expect(meter.minute.value.at(-1)).toMatchObject({ height: 180, allBitsPerSecond: null });
    // A new connection with the stream of before, and a count that is lower.
    let all = 0;
    peer.set(receiving('3', () => ({ ...SMALL, allBitsPerSecond: (all += 1) === 1 ? 800_000 : -8_000 })));
    await pass(3 * READ_MS);
    expect(meter.minute.value.at(-1)?.allBitsPerSecond).toBeNull();
    meter.close();
  });

  it('is told with what bounded it then', async () => {
    const limit = new Observable<Limit | null>(null);
    const peer = new Observable<RTCPeerConnection | null>(receiving('3', () => SMALL));
    const meter = new ReceptionMeter(peer, limit, '3');
    await pass(READ_MS);
    limit.set({ by: 'link', bps: 300_000 });
    await pass(READ_MS);
    limit.set(null);
    await pass(READ_MS);
    expect(meter.minute.value.map(({ limitBps }) => limitBps)).toEqual([null, 300_000, null]);
    meter.close();
  });

  it('is kept for a minute', async () => {
    const peer = new Observable<RTCPeerConnection | null>(receiving('3', () => SMALL));
    const meter = new ReceptionMeter(peer, nothing, '3');
    await pass(100 * READ_MS);
    expect(meter.minute.value).toHaveLength(60);
    meter.close();
  });

  it('is nothing without a connection or in another slot, and begins anew on a new stream', async () => {
    let ssrc = 1;
    const peer = new Observable<RTCPeerConnection | null>(null);
    const meter = new ReceptionMeter(peer, nothing, '3');
    await pass(3 * READ_MS);
    peer.set(receiving('4', () => SMALL));
    await pass(3 * READ_MS);
    expect(meter.minute.value).toEqual([]);
    peer.set(
      receiving(
        '3',
        () => SMALL,
        () => ssrc,
      ),
    );
    await pass(2 * READ_MS);
    expect(meter.minute.value).toHaveLength(1);
    ssrc = 2;
    await pass(READ_MS);
    expect(meter.minute.value).toHaveLength(1);
    await pass(READ_MS);
    expect(meter.minute.value).toHaveLength(2);
    meter.close();
  });

  it('is not asked for any more once it is closed', async () => {
    let asked = 0;
    const peer = new Observable<RTCPeerConnection | null>(
      receiving('3', () => {
        asked += 1;
        return SMALL;
      }),
    );
    const meter = new ReceptionMeter(peer, nothing, '3');
    await pass(2 * READ_MS);
    meter.close();
    const before = asked;
    await pass(5 * READ_MS);
    expect(asked).toBe(before);
  });
});
