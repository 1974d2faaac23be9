import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { PING_MS, person } from '../../testing/fake-room.ts';
import { MeetingWorld, pass, settle } from '../../testing/meeting-world.ts';
import { CONNECT_MS_MAX, DISCONNECTED_MS_MAX, RESTART_MS_MAX } from '../limits.ts';
import type { ChatMessage, Slot, SlotState, Track } from '../wire.ts';
import { CLAIM_MS_MAX } from './claim.ts';
import { Meeting } from './meeting.ts';
import { PROBE_MS_MAX } from './socket.ts';

let world: MeetingWorld;

beforeEach(() => {
  vi.useFakeTimers();
  world = new MeetingWorld();
});

afterEach(() => {
  vi.useRealTimers();
});

const line = (muted: boolean): Track => ({
  id: '0@cy',
  mid: '0',
  kind: 'audio',
  source: 'microphone',
  muted,
});
const slot = (state: SlotState): Slot => ({
  mid: '2',
  kind: 'audio',
  track: '0@cy',
  state,
  layer: null,
  limitedBy: null,
  limitBps: null,
});
const said = (number: number, from: string, text: string): ChatMessage => ({
  number,
  from,
  name: from.toUpperCase(),
  text,
  atMs: number,
});

describe('a lost socket', () => {
  it('comes back by its token and is caught up; media goes on', async () => {
    world.room.others = [person('ben'), person('cy', [line(false)])];
    world.room.chat = [said(1, 'ben', 'Tea?')];
    const meeting = await world.live();
    const [peer] = world.peers;
    world.room.socket.say({ type: 'speakers', dominant: 'ben', speaking: ['ben'] });
    world.room.socket.say({ type: 'slots', slots: [slot('live')] });
    world.room.reachable = false;
    world.room.socket.drop();
    await settle();
    expect(meeting.state.value).toMatchObject({ kind: 'reconnecting', media: 'live' });
    // While one was away ben left, cy muted, ann came, wrote and speaks, and a slot fell silent.
    world.room.others = [person('cy', [line(true)]), person('ann')];
    world.room.chat = [said(2, 'ann', 'With milk.')];
    world.room.speakers = { dominant: 'ann', speaking: ['ann'] };
    world.room.slots = [slot('muted')];
    world.room.reachable = true;
    await pass(5_000);
    expect(world.room.of('join').at(-1)?.resume).toBe('token 1');
    expect(meeting.participants.value).toEqual([person('cy', [line(true)]), person('ann')]);
    expect(meeting.chat.value.map(({ text }) => text)).toEqual(['Tea?', 'With milk.']);
    expect(meeting.speakers.value).toEqual({ dominant: 'ann', speaking: ['ann'] });
    expect(meeting.slots.value).toEqual([slot('muted')]);
    expect(meeting.state.value).toEqual({ kind: 'joined', media: 'live' });
    expect(world.peers).toEqual([peer]);
    expect(meeting.negotiations.value).toBe(1);
  });

  it('is tried at once, and then with growing pauses', async () => {
    const meeting = await world.live();
    const waits: number[] = [];
    meeting.state.subscribe((state) => {
      if (state.kind === 'reconnecting') waits.push(state.retryInMs);
    });
    world.room.reachable = false;
    world.room.socket.drop();
    await pass(8_000);
    expect(waits.slice(0, 4)).toEqual([0, 1_000, 2_000, 4_000]);
  });

  it('is noticed before the second ping when it dies without a word', async () => {
    const meeting = await world.live();
    world.room.silentOn.add('ping');
    await pass(PING_MS + PROBE_MS_MAX + 1);
    expect(world.room.sockets).toHaveLength(2);
    expect(meeting.state.value.kind).toBe('joined');
  });

  it('is not lost while pings are answered', async () => {
    await world.live();
    await pass(20 * PING_MS);
    expect(world.room.sockets).toHaveLength(1);
  });

  it('is tried again as soon as the browser is online', async () => {
    const meeting = await world.live();
    world.room.reachable = false;
    world.room.socket.drop();
    await pass(60_000);
    world.room.reachable = true;
    world.page.dispatchEvent(new Event('online'));
    await settle();
    expect(meeting.state.value.kind).toBe('joined');
  });

  it('that came too late makes a new participant of the same name', async () => {
    const meeting = await world.live();
    world.room.forget();
    world.room.socket.drop();
    await settle();
    const joins = world.room.of('join');
    expect(joins.map(({ resume, identity }) => resume ?? identity)).toEqual([undefined, 'token 1', 'me']);
    expect(world.peers).toHaveLength(2);
    expect(world.room.of('offer').at(-1)?.fresh).toBe(false);
    expect(meeting.state.value).toEqual({ kind: 'joined', media: 'restarting' });
  });

  it('takes an open offer along', async () => {
    world.room.silentOn.add('offer');
    const meeting = world.meeting();
    meeting.join();
    await settle();
    world.room.silentOn.clear();
    world.room.socket.drop();
    await settle();
    expect(world.room.of('offer').map(({ fresh }) => fresh)).toEqual([false, true]);
    expect(world.peers).toHaveLength(1);
    expect(meeting.slots.value).toEqual([]);
    expect(world.peer.signalingState).toBe('stable');
  });

  it('comes back to a server that restarts', async () => {
    const meeting = await world.live();
    world.room.forget();
    world.room.socket.say({ type: 'ended', reason: 'draining', message: '' });
    expect(meeting.state.value).toMatchObject({
      kind: 'reconnecting',
      problem: { title: 'The server is restarting' },
    });
    await pass(1_000);
    expect(meeting.state.value.kind).toBe('joined');
    expect(world.room.of('join').at(-1)).toMatchObject({ identity: 'me' });
    expect(world.room.of('join').at(-1)).not.toHaveProperty('resume');
  });
});

describe('a reload', () => {
  it('comes back as the same participant, with a fresh connection', async () => {
    await world.live();
    world.reload();
    const meeting = await world.live();
    expect(world.room.of('join').at(-1)?.resume).toBe('token 1');
    expect(world.room.of('offer').at(-1)?.fresh).toBe(true);
    expect(meeting.self.value?.identity).toBe('me');
  });

  it('does not make one of two people in one page', async () => {
    await world.live();
    await world.live();
    expect(world.room.of('join').at(-1)).not.toHaveProperty('resume');
  });

  it('waits for the page before it to let go', async () => {
    await world.live();
    const before = world.room.socket;
    const [name = ''] = world.locks.names;
    world.reload();
    let letGo = (): void => undefined;
    void world.locks.request(name, new AbortController().signal, () => new Promise((done) => (letGo = done)));
    world.meeting().join();
    await pass(CLAIM_MS_MAX / 2);
    expect(world.room.socket).toBe(before);
    letGo();
    await settle();
    expect(world.room.of('join').at(-1)?.resume).toBe('token 1');
  });

  it('is not a tab that was copied while the first lives: that is somebody new, and stays so', async () => {
    const first = await world.live();
    world.copyTab();
    const copy = world.meeting();
    copy.join();
    await pass(CLAIM_MS_MAX);
    expect(world.room.of('join').at(-1)).toEqual({ type: 'join', version: 1, name: 'Me', metadata: {} });
    expect([first.state.value.kind, copy.state.value.kind]).toEqual(['joined', 'joined']);
  });

  it('comes back where the browser has no locks', async () => {
    const insecure = (): Meeting =>
      new Meeting({ room: 'tea', name: 'Me' }, { ...world.surroundings(), lock: null }, world.sizes);
    insecure().join();
    await settle();
    world.reload();
    insecure().join();
    await settle();
    expect(world.room.of('join').at(-1)?.resume).toBe('token 1');
  });

  it('is told from a goodbye where the browser says which it is', async () => {
    const navigation = new EventTarget();
    Object.assign(world.page, { navigation });
    const listen = vi.spyOn(navigation, 'addEventListener');
    const meeting = await world.live();
    navigation.dispatchEvent(Object.assign(new Event('navigate'), { navigationType: 'reload' }));
    world.page.dispatchEvent(Object.assign(new Event('pagehide'), { persisted: false }));
    expect(world.room.of('leave')).toHaveLength(0);
    expect(world.room.socket.closed).toBe(true);
    expect(world.storage.size).toBe(1);
    await meeting.leave();
    expect(listen.mock.lastCall?.[2]).toMatchObject({ signal: { aborted: true } });
  });
});

describe('the media path', () => {
  it('restarts ICE when it is silent for a while', async () => {
    const meeting = await world.live();
    world.peer.become('disconnected');
    await pass(DISCONNECTED_MS_MAX - 1);
    expect(world.peer.restarts).toBe(0);
    await pass(1);
    expect(world.peer.restarts).toBe(1);
    expect(meeting.negotiations.value).toBe(2);
    expect(meeting.state.value).toEqual({ kind: 'joined', media: 'restarting' });
    world.peer.become('connected');
    expect(meeting.state.value).toEqual({ kind: 'joined', media: 'live' });
  });

  it('does nothing about a hiccup', async () => {
    const meeting = await world.live();
    world.peer.become('disconnected');
    await pass(DISCONNECTED_MS_MAX / 2);
    world.peer.become('connected');
    await pass(60_000);
    expect(meeting.negotiations.value).toBe(1);
  });

  it('restarts ICE when the server asks, and when the network is another', async () => {
    const meeting = await world.live();
    world.room.socket.say({ type: 'restart_ice' });
    await pass(1_000);
    expect(world.peer.restarts).toBe(1);
    expect(meeting.state.value).toEqual({ kind: 'joined', media: 'live' });
    world.page.dispatchEvent(new Event('online'));
    await pass(1_000);
    expect(world.peer.restarts).toBe(2);
    expect(world.peers).toHaveLength(1);
  });

  it('gets a new connection when the restart does not help, with everything on it', async () => {
    const meeting = await world.live({ videoSlots: 2 });
    world.peer.become('failed');
    await pass(RESTART_MS_MAX + 1);
    expect(world.peers).toHaveLength(2);
    expect(world.peers[0]?.signalingState).toBe('closed');
    expect(world.room.of('offer').at(-1)?.fresh).toBe(true);
    expect(world.peer.sections).toHaveLength(6);
    world.peer.become('connected');
    expect(meeting.state.value).toEqual({ kind: 'joined', media: 'live' });
  });

  it('gets a new connection at once when the server lost its end', async () => {
    await world.live();
    world.room.socket.say({ type: 'media_lost' });
    await settle();
    expect(world.peers).toHaveLength(2);
    expect(world.room.of('offer').at(-1)?.fresh).toBe(true);
  });

  it('waits for the socket when both are gone', async () => {
    const meeting = await world.live();
    world.room.reachable = false;
    world.room.socket.drop();
    world.peer.become('failed');
    await pass(30_000);
    expect(meeting.state.value).toMatchObject({ kind: 'reconnecting', media: 'lost' });
    expect(world.peers).toHaveLength(1);
    world.room.reachable = true;
    await pass(15_000);
    expect(world.room.of('offer')).toHaveLength(2);
  });

  it('says after a few attempts that media cannot get through', async () => {
    const meeting = world.meeting();
    meeting.join();
    await pass(CONNECT_MS_MAX * 3 + 5_000);
    expect(meeting.state.value).toMatchObject({
      kind: 'failed',
      problem: { title: 'Sound and pictures cannot get through' },
    });
    expect(world.peers).toHaveLength(3);
  });
});
