import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { FakePeer } from '../testing/fake-peer.ts';
import { FakeServer, problem, unreachable } from '../testing/fake-server.ts';
import { CONNECT_MS_MAX, DISCONNECTED_MS_MAX, RESTART_MS_MAX } from './limits.ts';
import { Link } from './link.ts';
import type { LinkState } from './state.ts';

let server: FakeServer;
let peers: FakePeer[];
let page: EventTarget;
let states: LinkState[];

beforeEach(() => {
  vi.useFakeTimers();
  server = new FakeServer();
  peers = [];
  page = new EventTarget();
  states = [];
});

afterEach(() => {
  vi.useRealTimers();
});

function link(): Link {
  const made = new Link({
    endpoint: 'http://sfu.test/whip/room',
    fetch: server.fetch,
    prepare: () => undefined,
    page,
    random: () => 0,
    createPeer: () => {
      const peer = new FakePeer();
      peers.push(peer);
      return peer as unknown as RTCPeerConnection;
    },
  });
  made.state.subscribe((state) => states.push(state));
  return made;
}

function peer(index: number): FakePeer {
  const found = peers[index];
  if (found === undefined) throw new Error(`peer ${index} was never made`);
  return found;
}

const settle = (): Promise<unknown> => vi.advanceTimersByTimeAsync(0);
const kinds = (): string[] => states.map((state) => state.kind);

async function live(): Promise<Link> {
  const made = link();
  made.start();
  await settle();
  peer(0).become('connected');
  return made;
}

describe('connecting', () => {
  it('posts one offer, takes the answer, and is live when the transport is', async () => {
    await live();
    expect(server.count('POST')).toBe(1);
    expect(server.requests[0]?.headers.get('content-type')).toBe('application/sdp');
    expect(peer(0).remoteDescription?.sdp).toContain('a=ice-lite');
    expect(kinds()).toEqual(['idle', 'connecting', 'live']);
  });

  it('does nothing when it is started twice', async () => {
    const made = await live();
    made.start();
    await settle();
    expect(server.count('POST')).toBe(1);
  });

  it('shows the server’s problem document and does not try again when the request was wrong', async () => {
    server.script('POST', () => problem(406, 'No common codec', 'The offer has only theora.'));
    const made = link();
    made.start();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(made.state.value).toEqual({
      kind: 'failed',
      problem: { title: 'No common codec', detail: 'The offer has only theora.', status: 406 },
    });
    expect(server.count('POST')).toBe(1);
  });

  it('tries again, later each time, while no server answers', async () => {
    server.script('POST', unreachable, unreachable, unreachable);
    const made = link();
    made.start();
    await vi.advanceTimersByTimeAsync(500 + 1000 + 2000);
    const waits = states.flatMap((state) => (state.kind === 'reconnecting' ? [state.retryInMs] : []));
    expect(waits).toEqual([500, 1000, 2000]);
    expect(server.count('POST')).toBe(4);
    peer(3).become('connected');
    expect(made.state.value.kind).toBe('live');
  });

  it('waits as long as Retry-After says', async () => {
    server.script('POST', () => problem(503, 'Draining', 'Come back.', { 'Retry-After': '7' }));
    link().start();
    await vi.advanceTimersByTimeAsync(6_900);
    expect(server.count('POST')).toBe(1);
    await vi.advanceTimersByTimeAsync(200);
    expect(server.count('POST')).toBe(2);
  });

  it('comes back at once when the device is online again', async () => {
    server.script('POST', unreachable, unreachable, unreachable, unreachable);
    link().start();
    await vi.advanceTimersByTimeAsync(500 + 1000 + 2000);
    expect(server.count('POST')).toBe(4);
    page.dispatchEvent(new Event('online'));
    await settle();
    expect(server.count('POST')).toBe(5);
  });

  it('gives up on a path that never opens, tells the server, and starts anew', async () => {
    const made = link();
    made.start();
    await vi.advanceTimersByTimeAsync(CONNECT_MS_MAX);
    expect(made.state.value).toMatchObject({
      kind: 'reconnecting',
      problem: { title: 'Media cannot get through' },
    });
    expect(server.count('DELETE')).toBe(1);
    await vi.advanceTimersByTimeAsync(500);
    expect(server.count('POST')).toBe(2);
  });

  it('takes an answer without Location for what it is', async () => {
    server.script('POST', () => new Response('hello', { status: 200 }));
    const made = link();
    made.start();
    await settle();
    expect(made.state.value).toMatchObject({ kind: 'failed', problem: { status: 200 } });
  });
});

describe('losing the path', () => {
  it('leaves a short silence alone', async () => {
    const made = await live();
    peer(0).become('disconnected');
    await vi.advanceTimersByTimeAsync(DISCONNECTED_MS_MAX - 1);
    peer(0).become('connected');
    await vi.advanceTimersByTimeAsync(10_000);
    expect(server.count('PATCH')).toBe(0);
    expect(made.state.value.kind).toBe('live');
  });

  it('restarts ICE over the same session', async () => {
    const made = await live();
    peer(0).become('failed');
    await settle();
    const patch = server.requests.find((request) => request.method === 'PATCH');
    expect(patch?.url).toBe('http://sfu.test/whip/room/secret');
    expect(patch?.headers.get('if-match')).toBe('*');
    expect(patch?.body).toContain('a=ice-ufrag:ours');
    expect(peer(0).restarts).toBe(1);
    expect(peer(0).remoteDescription?.sdp).toContain('a=ice-ufrag:new');
    expect(made.state.value.kind).toBe('reconnecting');
    peer(0).become('connected');
    expect(made.state.value.kind).toBe('live');
    expect(server.count('POST')).toBe(1);
  });

  it('starts anew when the restart does not bring the path back', async () => {
    await live();
    peer(0).become('failed');
    await vi.advanceTimersByTimeAsync(RESTART_MS_MAX + 500);
    expect(server.count('POST')).toBe(2);
    expect(peer(0).connectionState).toBe('closed');
  });

  it('starts anew when the server no longer knows the session', async () => {
    server.script('PATCH', () => problem(404, 'No such session', ''));
    await live();
    peer(0).become('failed');
    await vi.advanceTimersByTimeAsync(500);
    expect(server.count('POST')).toBe(2);
  });
});

describe('ending', () => {
  it('deletes the resource when it is stopped', async () => {
    const made = await live();
    await made.stop();
    expect(made.state.value).toEqual({ kind: 'ended', by: 'us' });
    expect(server.requests.at(-1)).toMatchObject({
      method: 'DELETE',
      url: 'http://sfu.test/whip/room/secret',
    });
    expect(peer(0).connectionState).toBe('closed');
  });

  it('deletes with keepalive when the page goes away', async () => {
    await live();
    page.dispatchEvent(new Event('pagehide'));
    expect(server.requests.at(-1)).toMatchObject({ method: 'DELETE', keepalive: true });
  });

  it('leaves no session behind when it is stopped while the offer is under way', async () => {
    const made = link();
    made.start();
    await made.stop();
    await settle();
    expect(server.count('DELETE')).toBe(server.count('POST'));
    expect(made.state.value.kind).toBe('ended');
  });

  it('stops trying when it is stopped between two attempts', async () => {
    server.script('POST', unreachable);
    const made = link();
    made.start();
    await settle();
    await made.stop();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(server.count('POST')).toBe(1);
  });

  it('does not fight a server that closed it on purpose', async () => {
    server.script('DELETE', () => problem(404, 'No such session', ''));
    const made = await live();
    peer(0).transport.closeByRemote();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(made.state.value).toEqual({ kind: 'ended', by: 'server' });
    expect(server.count('POST')).toBe(1);
  });

  it('comes back to a server that closed it because it was restarting', async () => {
    server.script('DELETE', unreachable);
    await live();
    peer(0).transport.closeByRemote();
    await vi.advanceTimersByTimeAsync(500);
    expect(server.count('POST')).toBe(2);
  });

  it('can be started again after it ended', async () => {
    const made = await live();
    await made.stop();
    made.start();
    await settle();
    peer(1).become('connected');
    expect(made.state.value.kind).toBe('live');
  });
});
