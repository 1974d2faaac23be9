import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { FakeTrack } from '../../testing/fake-meeting-peer.ts';
import { MeetingWorld, pass, settle } from '../../testing/meeting-world.ts';
import { FIT_AGAIN_MS } from './senders.ts';

let world: MeetingWorld;

beforeEach(() => {
  vi.useFakeTimers();
  world = new MeetingWorld();
});

afterEach(() => {
  vi.useRealTimers();
});

describe('publishing', () => {
  it('costs no offer for microphone and camera, before or after joining', async () => {
    const meeting = world.meeting();
    const microphone = new FakeTrack('audio');
    await meeting.publish('microphone', microphone.media);
    meeting.join();
    await settle();
    world.peer.become('connected');
    const camera = new FakeTrack('video');
    await meeting.publish('camera', camera.media);
    expect(world.peer.sections.slice(0, 2).map(({ sender }) => sender.track)).toEqual([microphone, camera]);
    expect(world.room.of('mute')).toEqual([{ type: 'mute', mid: '1', muted: false }]);
    expect(meeting.negotiations.value).toBe(1);
  });

  it('sends a small camera once, a larger one in three sizes, through the same section', async () => {
    const meeting = await world.live();
    const sizes = (): unknown[] =>
      (world.peer.sections[1]?.sender.encodings ?? []).map(({ rid, active, scaleResolutionDownBy }) => [
        rid,
        active,
        scaleResolutionDownBy,
      ]);
    await meeting.publish('camera', new FakeTrack('video', 180).media);
    expect(sizes()).toEqual([
      ['q', true, 1],
      ['h', false, 1],
      ['f', false, 1],
    ]);
    await meeting.publish('camera', new FakeTrack('video', 720).media);
    expect(sizes()).toEqual([
      ['q', true, 4],
      ['h', true, 2],
      ['f', true, 1],
    ]);
  });

  it('sends of a camera what the server says anybody is shown, also with another camera and after a lost socket', async () => {
    const meeting = await world.live();
    const sent = (): unknown[] =>
      (world.peer.sections[1]?.sender.encodings ?? []).filter(({ active }) => active).map(({ rid }) => rid);
    const say = async (rids: string[], mid = '1'): Promise<void> => {
      world.room.encodings = [{ mid, rids }];
      world.room.socket.say({ type: 'encodings', tracks: [{ mid, rids }] });
      await settle();
    };
    await say(['q']);
    await meeting.publish('camera', new FakeTrack('video', 720).media);
    expect(sent()).toEqual(['q']);
    await say(['q', 'f']);
    expect(sent()).toEqual(['q', 'f']);
    await say(['q'], '7');
    expect(sent()).toEqual(['q', 'f']);
    // The largest that a smaller camera sends is another one.
    await meeting.publish('camera', new FakeTrack('video', 360).media);
    expect(sent()).toEqual(['q']);
    await meeting.publish('camera', new FakeTrack('video', 720).media);
    expect(sent()).toEqual(['q', 'f']);
    world.room.socket.drop();
    world.room.encodings = [{ mid: '1', rids: ['q', 'h'] }];
    await pass(1_000);
    expect(sent()).toEqual(['q', 'h']);
    world.room.socket.drop();
    world.room.encodings = [];
    await pass(1_000);
    expect(sent()).toEqual(['q', 'h', 'f']);
  });

  it('tells the browser again what it refused to send, for a while', async () => {
    const meeting = await world.live();
    await meeting.publish('camera', new FakeTrack('video').media);
    await settle();
    const sender = world.peer.sections[1]?.sender;
    if (sender === undefined) throw new Error('no camera');
    const active = (): unknown[] => sender.encodings.filter((one) => one.active).map(({ rid }) => rid);
    const say = (rids: string[]): void =>
      world.room.socket.say({ type: 'encodings', tracks: [{ mid: '1', rids }] });
    sender.refusals = 2;
    say(['q']);
    await settle();
    expect(active()).toEqual(['q', 'h', 'f']);
    await pass(3 * FIT_AGAIN_MS);
    expect(active()).toEqual(['q']);
    sender.refusals = 1000;
    say(['q', 'h', 'f']);
    await pass(100 * FIT_AGAIN_MS);
    expect(sender.refusals).toBe(995);
    // What comes next has its tries again.
    sender.refusals = 1;
    say(['q', 'f']);
    await pass(FIT_AGAIN_MS);
    expect(active()).toEqual(['q', 'f']);
  });

  it('adds a section for a screen when it is first shared, and uses it again', async () => {
    const meeting = await world.live({ videoSlots: 1 });
    const screen = new FakeTrack('video', 1080);
    await meeting.publish('screen', screen.media);
    expect(meeting.negotiations.value).toBe(2);
    expect(screen.contentHint).toBe('detail');
    expect(world.room.of('offer').at(-1)?.tracks).toContainEqual({
      mid: '5',
      source: 'screen',
      muted: false,
    });
    await meeting.publish('screen', null);
    expect(world.room.of('offer').at(-1)?.tracks).not.toContainEqual(
      expect.objectContaining({ source: 'screen' }),
    );
    await meeting.publish('screen', new FakeTrack('video').media);
    expect(world.room.of('offer').at(-1)?.tracks).toContainEqual({
      mid: '5',
      source: 'screen',
      muted: false,
    });
    expect(world.peer.find('sendonly', 'video')).toHaveLength(2);
    expect(meeting.negotiations.value).toBe(4);
  });

  it('takes a screen away that the browser’s own bar ended', async () => {
    const meeting = await world.live({ videoSlots: 1 });
    const screen = new FakeTrack('video', 1080);
    await meeting.publish('screen', screen.media);
    screen.pull();
    await settle();
    expect(world.room.of('offer').at(-1)?.tracks).toHaveLength(2);
  });

  it('makes one offer for a screen and its sound', async () => {
    const meeting = await world.live({ videoSlots: 1 });
    await Promise.all([
      meeting.publish('screen', new FakeTrack('video').media),
      meeting.publish('screen_audio', new FakeTrack('audio').media),
    ]);
    expect(meeting.negotiations.value).toBe(2);
    expect(
      world.room
        .of('offer')
        .at(-1)
        ?.tracks?.map(({ source }) => source),
    ).toEqual(['microphone', 'camera', 'screen', 'screen_audio']);
  });

  it('makes one offer more of all that is wished while one is under way', async () => {
    const meeting = await world.live({ videoSlots: 1 });
    world.room.socket.say({ type: 'restart_ice' });
    await Promise.all([
      meeting.publish('screen', new FakeTrack('video').media),
      meeting.publish('screen_audio', new FakeTrack('audio').media),
    ]);
    expect(meeting.negotiations.value).toBe(3);
    expect(world.room.of('offer').at(-1)?.tracks).toHaveLength(4);
  });
});

describe('muting', () => {
  it('silences the track and tells the server', async () => {
    const meeting = world.meeting();
    const microphone = new FakeTrack('audio');
    await meeting.publish('microphone', microphone.media);
    meeting.join();
    await settle();
    await meeting.setMuted('microphone', true);
    expect(microphone.enabled).toBe(false);
    expect(world.room.of('mute')).toEqual([{ type: 'mute', mid: '0', muted: true }]);
    await meeting.setMuted('microphone', false);
    expect(microphone.enabled).toBe(true);
    expect(meeting.self.value?.identity).toBe('me');
  });

  it('stays when the track is replaced', async () => {
    const meeting = await world.live();
    await meeting.publish('microphone', new FakeTrack('audio').media);
    await meeting.setMuted('microphone', true);
    const other = new FakeTrack('audio');
    await meeting.publish('microphone', other.media);
    expect(other.enabled).toBe(false);
    expect(world.room.of('mute').at(-1)).toEqual({ type: 'mute', mid: '0', muted: true });
  });

  it('stays through a lost socket and a new connection', async () => {
    const meeting = await world.live();
    await meeting.publish('microphone', new FakeTrack('audio').media);
    await meeting.setMuted('microphone', true);
    world.room.forget();
    world.room.socket.drop();
    await settle();
    expect(world.peers).toHaveLength(2);
    expect(world.room.of('offer').at(-1)?.tracks).toContainEqual({
      mid: '0',
      source: 'microphone',
      muted: true,
    });
  });

  it('that was said while the socket was away is told when it is back', async () => {
    const meeting = await world.live();
    await meeting.publish('microphone', new FakeTrack('audio').media);
    world.room.reachable = false;
    world.room.socket.drop();
    await meeting.setMuted('microphone', true).catch(() => undefined);
    world.room.reachable = true;
    await pass(20_000);
    expect(meeting.state.value.kind).toBe('joined');
    expect(world.room.tracks[0]).toMatchObject({ mid: '0', muted: true });
  });

  it('of one source does not undo that of another', async () => {
    const meeting = await world.live();
    await meeting.publish('microphone', new FakeTrack('audio').media);
    await meeting.publish('camera', new FakeTrack('video').media);
    await Promise.all([meeting.setMuted('microphone', true), meeting.setMuted('camera', true)]);
    expect(world.room.tracks.map(({ muted }) => muted)).toEqual([true, true]);
    expect(world.room.of('mute')).toHaveLength(4);
  });

  it.each(['refused', 'unanswered'])('that was %s is told again at the next occasion', async (how) => {
    const meeting = await world.live();
    await meeting.publish('microphone', new FakeTrack('audio').media);
    if (how === 'refused') world.room.refuse('mute', 'too_many');
    else world.room.silentOn.add('mute');
    const failed = expect(meeting.setMuted('microphone', true)).rejects.toThrow();
    await pass(10_000);
    await failed;
    world.room.silentOn.clear();
    await meeting.publish('microphone', new FakeTrack('audio').media);
    expect(world.room.tracks[0]).toMatchObject({ mid: '0', muted: true });
  });

  it('is what a pulled device comes to', async () => {
    const meeting = await world.live();
    const microphone = new FakeTrack('audio');
    await meeting.publish('microphone', microphone.media);
    microphone.pull();
    await settle();
    expect(world.room.tracks[0]).toMatchObject({ mid: '0', muted: true });
    expect(meeting.negotiations.value).toBe(1);
  });
});
