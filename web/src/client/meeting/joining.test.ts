import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { person } from '../../testing/fake-room.ts';
import { MeetingWorld, pass, settle } from '../../testing/meeting-world.ts';

let world: MeetingWorld;

beforeEach(() => {
  vi.useFakeTimers();
  world = new MeetingWorld();
});

afterEach(() => {
  vi.useRealTimers();
});

describe('joining', () => {
  it('says who comes, offers once, and is live when the transport is', async () => {
    const states: string[] = [];
    const meeting = world.meeting({ metadata: { team: 'red' } });
    meeting.state.subscribe((state) =>
      states.push('media' in state ? `${state.kind} ${state.media}` : state.kind),
    );
    meeting.join();
    await settle();
    world.peer.become('connected');
    expect(world.room.socket.url.href).toBe('wss://sfu.test/rooms/tea/ws');
    expect(world.room.of('join')).toEqual([
      { type: 'join', version: 1, name: 'Me', metadata: { team: 'red' } },
    ]);
    expect(meeting.negotiations.value).toBe(1);
    expect(states).toEqual(['idle', 'joining', 'joined connecting', 'joined live']);
  });

  it('offers microphone and camera though there is nothing to send yet, and slots in pairs', async () => {
    await world.live({ videoSlots: 3 });
    expect(world.peer.sections.map(({ direction, kind }) => `${direction} ${kind}`)).toEqual([
      'sendonly audio',
      'sendonly video',
      ...Array.from({ length: 3 }, () => ['recvonly audio', 'recvonly video']).flat(),
    ]);
    expect(world.room.of('offer')[0]).toMatchObject({
      fresh: false,
      tracks: [
        { mid: '0', source: 'microphone', muted: true },
        { mid: '1', source: 'camera', muted: true },
      ],
    });
  });

  it('cuts a name that is too long for the server', async () => {
    await world.live({ name: '🙂'.repeat(40) });
    expect(world.room.of('join')[0]?.name).toBe('🙂'.repeat(32));
  });

  it('goes in with the browser’s own order of codecs if it takes no other', async () => {
    world.codecs = [{ mimeType: 'video/send-only', clockRate: 90_000 }];
    const meeting = await world.live();
    expect(meeting.state.value).toEqual({ kind: 'joined', media: 'live' });
  });

  it('knows everybody: those who are there, who come, change and go', async () => {
    world.room.others = [person('ann')];
    const meeting = await world.live();
    const names = (): string[] => meeting.participants.value.map(({ identity }) => identity);
    expect(names()).toEqual(['ann']);
    expect(meeting.self.value?.identity).toBe('me');
    world.room.socket.say({ type: 'participant_joined', participant: person('bob') });
    expect(names()).toEqual(['ann', 'bob']);
    world.room.socket.say({
      type: 'participant_changed',
      participant: { ...person('ann'), presence: 'unstable' },
    });
    expect(meeting.participants.value[0]?.presence).toBe('unstable');
    world.room.socket.say({ type: 'participant_left', participant: 'ann', reason: 'lost' });
    expect(names()).toEqual(['bob']);
    expect(meeting.negotiations.value).toBe(1);
  });

  it('hears of speakers over the data channel too', async () => {
    const meeting = await world.live();
    const speakers = { dominant: 'ann', speaking: ['ann'] };
    world.peer.channel('events').hear(JSON.stringify({ type: 'speakers', ...speakers }));
    expect(meeting.speakers.value).toEqual(speakers);
  });
});

describe('leaving', () => {
  it('says goodbye, closes everything, and can come in again as somebody new', async () => {
    const meeting = await world.live();
    const kinds: string[] = [];
    meeting.state.subscribe(({ kind }) => kinds.push(kind));
    const left = meeting.leave();
    expect(kinds).toEqual(['joined', 'left']);
    expect(meeting.state.value).toEqual({ kind: 'left', reason: 'left', message: '' });
    await left;
    expect(world.room.of('leave')).toHaveLength(1);
    expect(world.room.socket.closed).toBe(true);
    expect(world.peer.signalingState).toBe('closed');
    expect(meeting.participants.value).toEqual([]);
    expect(world.storage.size).toBe(0);
    meeting.join();
    await settle();
    expect(world.room.of('join').at(-1)).not.toHaveProperty('resume');
    expect(meeting.state.value).toEqual({ kind: 'joined', media: 'connecting' });
  });

  it('does not wait long for a server that says nothing', async () => {
    const meeting = await world.live();
    world.room.silentOn.add('leave');
    let done = false;
    void meeting.leave().then(() => (done = true));
    await pass(1_000);
    expect(done).toBe(true);
    expect(world.room.socket.closed).toBe(true);
  });

  it('is over when the server says so', async () => {
    const meeting = await world.live();
    world.room.socket.say({ type: 'ended', reason: 'replaced', message: 'You came in elsewhere.' });
    await pass(60_000);
    expect(meeting.state.value).toEqual({
      kind: 'left',
      reason: 'replaced',
      message: 'You came in elsewhere.',
    });
    expect(world.room.sockets).toHaveLength(1);
  });

  it('says goodbye when the page goes, not when it is frozen whole', async () => {
    await world.live();
    world.page.dispatchEvent(Object.assign(new Event('pagehide'), { persisted: true }));
    expect(world.room.of('leave')).toHaveLength(0);
    world.page.dispatchEvent(Object.assign(new Event('pagehide'), { persisted: false }));
    expect(world.room.of('leave')).toHaveLength(1);
    expect(world.peer.signalingState).toBe('closed');
  });
});

describe('refusals', () => {
  it('tells why one cannot come in, and does not ask again', async () => {
    world.room.refuse('join', 'unsupported_version');
    const meeting = world.meeting();
    meeting.join();
    await pass(60_000);
    expect(meeting.state.value).toMatchObject({
      kind: 'failed',
      problem: { title: expect.stringContaining('load the page again') as string, detail: 'no join' },
    });
    expect(world.room.of('join')).toHaveLength(1);
  });

  it('asks again when the server is full, with growing pauses', async () => {
    world.room.refuse('join', 'unavailable', 'unavailable');
    const meeting = world.meeting();
    meeting.join();
    await settle();
    expect(meeting.state.value).toMatchObject({
      kind: 'joining',
      retry: { attempt: 1, retryInMs: 500, problem: { title: 'The server takes nobody in now' } },
    });
    await pass(500);
    expect(meeting.state.value).toMatchObject({ kind: 'joining', retry: { attempt: 2, retryInMs: 1_000 } });
    await pass(1_000);
    expect(meeting.state.value.kind).toBe('joined');
  });

  it('fails when no media can be agreed on', async () => {
    world.room.refuse('offer', 'bad_sdp');
    const meeting = world.meeting();
    meeting.join();
    await settle();
    expect(meeting.state.value).toMatchObject({ kind: 'failed', problem: { detail: 'no offer' } });
    expect(world.room.socket.closed).toBe(true);
  });

  it('gives a request that is never answered up, and one that comes too late is nobody’s', async () => {
    const meeting = await world.live();
    world.room.silentOn.add('chat');
    const sent = meeting.sendChat('anybody?');
    const outcome = expect(sent).rejects.toMatchObject({
      problem: { title: 'The server took too long to answer' },
    });
    await pass(10_000);
    await outcome;
    world.room.socket.say({ type: 'ok', id: world.room.socket.received.at(-1)?.id ?? 0 });
    expect(meeting.state.value.kind).toBe('joined');
  });

  it('ignores what it does not understand', async () => {
    const meeting = await world.live();
    for (const data of ['{', '3', 'null', '{"type":"of a later version"}', '{"type":"pong","id":4711}']) {
      world.room.socket.dispatchEvent(new MessageEvent('message', { data }));
    }
    expect(meeting.state.value).toEqual({ kind: 'joined', media: 'live' });
  });
});
