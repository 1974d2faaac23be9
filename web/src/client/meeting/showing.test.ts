import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { FakeVideo, MeetingWorld, pass, settle } from '../../testing/meeting-world.ts';
import type { Slot } from '../wire.ts';
import { REPEAT_MS, SHRINK_MS } from './stage.ts';

let world: MeetingWorld;

beforeEach(() => {
  vi.useFakeTimers();
  world = new MeetingWorld();
});

afterEach(() => {
  vi.useRealTimers();
});

const live = (mid: string, track: string): Slot => ({
  mid,
  kind: 'video',
  track,
  state: 'live',
  layer: null,
  limitedBy: null,
  limitBps: null,
});
const paused = (mid: string, track: string): Slot => ({
  ...live(mid, track),
  state: 'paused',
  limitedBy: 'cap',
  limitBps: 80_000,
});

describe('showing', () => {
  it('gives the track a slot at the element’s height', async () => {
    const meeting = await world.live({ videoSlots: 2 });
    const video = new FakeVideo();
    meeting.show(video.element, '1@ann', { priority: 7 });
    world.sizes.resize(video.element, 180);
    await settle();
    expect(world.room.of('layout').at(-1)?.slots).toEqual([
      { mid: '3', track: '1@ann', height: 180, priority: 7 },
    ]);
    expect(video.srcObject).not.toBeNull();
    expect(video).toMatchObject({ muted: true, playsInline: true });
  });

  it('tells growing at once and shrinking after a while', async () => {
    const meeting = await world.live({ videoSlots: 2 });
    const video = new FakeVideo();
    meeting.show(video.element, '1@ann');
    world.sizes.resize(video.element, 180);
    await settle();
    const told = world.room.of('layout').length;
    for (const height of [150, 120, 90]) world.sizes.resize(video.element, height);
    await pass(SHRINK_MS - 1);
    expect(world.room.of('layout')).toHaveLength(told);
    await pass(1);
    expect(world.room.of('layout').at(-1)?.slots[0]?.height).toBe(90);
    world.sizes.resize(video.element, 720);
    await settle();
    expect(world.room.of('layout').at(-1)?.slots[0]?.height).toBe(720);
    expect(world.room.of('layout')).toHaveLength(told + 2);
  });

  it('tells what bounds it as the server does, and no more once the connection is gone', async () => {
    const meeting = await world.live({ videoSlots: 2 });
    const limit = { by: 'link', bps: 900_000 } as const;
    world.room.socket.say({ type: 'limit', limit });
    await settle();
    expect(meeting.limit.value).toEqual(limit);
    world.room.socket.say({ type: 'limit', limit: null });
    await settle();
    expect(meeting.limit.value).toBeNull();
    world.room.socket.say({ type: 'limit', limit });
    world.room.socket.say({ type: 'media_lost' });
    await settle();
    expect(meeting.limit.value).toBeNull();
  });

  it('wants a track in two elements once, at the taller’s height', async () => {
    const meeting = await world.live({ videoSlots: 2 });
    const [small, large] = [new FakeVideo(), new FakeVideo()];
    meeting.show(small.element, '1@ann');
    meeting.show(large.element, '1@ann', { priority: 3 });
    world.sizes.resize(small.element, 90);
    world.sizes.resize(large.element, 720);
    await settle();
    expect(world.room.of('layout').at(-1)?.slots).toEqual([
      { mid: '3', track: '1@ann', height: 720, priority: 3 },
    ]);
    expect(small.srcObject).toBe(large.srcObject);
  });

  it('asks for more slots only when there are too few', async () => {
    const meeting = await world.live({ videoSlots: 2 });
    const show = (name: string): unknown => meeting.show(new FakeVideo().element, `1@${name}`);
    show('ann');
    show('bob');
    await settle();
    expect(meeting.negotiations.value).toBe(1);
    show('cid');
    await pass(1);
    expect(meeting.negotiations.value).toBe(2);
    expect(world.room.of('layout').at(-1)?.slots).toHaveLength(3);
    show('dan');
    await settle();
    expect(meeting.negotiations.value).toBe(2);
  });

  it('takes the element back when it is released', async () => {
    const meeting = await world.live();
    const video = new FakeVideo();
    const shown = meeting.show(video.element, '1@ann');
    await settle();
    shown.release();
    await pass(SHRINK_MS);
    expect(video.srcObject).toBeNull();
    expect(world.room.of('layout').at(-1)?.slots).toEqual([]);
  });

  it('says everything again on a new connection', async () => {
    const meeting = await world.live();
    const video = new FakeVideo();
    meeting.show(video.element, '1@ann');
    await settle();
    const [before, told] = [video.srcObject, world.room.of('layout').length];
    world.room.socket.say({ type: 'media_lost' });
    await settle();
    expect(world.room.of('layout').length).toBeGreaterThan(told);
    expect(video.srcObject).not.toBeNull();
    expect(video.srcObject).not.toBe(before);
  });

  it('tells a layout that was refused once more, and then only with the next change', async () => {
    const meeting = await world.live({ videoSlots: 2 });
    await settle();
    const told = world.room.of('layout').length;
    world.room.refuse('layout', 'too_many', 'too_many');
    meeting.show(new FakeVideo().element, '1@ann');
    await pass(REPEAT_MS - 1);
    expect(world.room.of('layout')).toHaveLength(told + 1);
    await pass(1);
    expect(world.room.of('layout')).toHaveLength(told + 2);
    await pass(60_000);
    expect(world.room.of('layout')).toHaveLength(told + 2);
    meeting.show(new FakeVideo().element, '1@ann').release();
    await settle();
    expect(world.room.of('layout')).toHaveLength(told + 3);
    expect(world.room.of('layout').at(-1)?.slots).toHaveLength(1);
  });

  it('tells a layout that was not answered once more', async () => {
    const meeting = await world.live({ videoSlots: 2 });
    await settle();
    world.room.silentOn.add('layout');
    meeting.show(new FakeVideo().element, '1@ann');
    await settle();
    const told = world.room.of('layout').length;
    world.room.silentOn.clear();
    await pass(10_000 + REPEAT_MS);
    expect(world.room.of('layout')).toHaveLength(told + 1);
  });

  it('waits with the layout until there is somebody to tell', async () => {
    const meeting = world.meeting();
    meeting.show(new FakeVideo().element, '1@ann');
    await pass(1_000);
    expect(world.room.of('layout')).toEqual([]);
    meeting.join();
    await settle();
    expect(world.room.of('layout').at(-1)?.slots).toHaveLength(1);
  });
});

describe('what an element shows', () => {
  it('is nothing until a frame came that was ordered by this layout', async () => {
    const meeting = await world.live({ videoSlots: 1 });
    const video = new FakeVideo();
    const ann = meeting.show(video.element, '1@ann');
    await settle();
    world.room.socket.say({ type: 'slots', slots: [live('3', '1@ann')] });
    expect(ann.slot.value).toMatchObject({ state: 'live' });
    expect(ann.picture.value).toBe('blank');
    video.frame(Date.now());
    expect(ann.picture.value).toBe('shown');
  });

  it('is not the person whose slot it was', async () => {
    const meeting = await world.live({ videoSlots: 1 });
    const video = new FakeVideo();
    meeting.show(video.element, '1@ann').release();
    const bob = meeting.show(video.element, '1@bob');
    const before = Date.now();
    await pass(300);
    world.room.socket.say({ type: 'slots', slots: [live('3', '1@ann')] });
    video.frame(Date.now());
    expect(bob.slot.value).toBeNull();
    expect(bob.picture.value).toBe('blank');
    world.room.socket.say({ type: 'slots', slots: [live('3', '1@bob')] });
    video.frame(before - 100);
    expect(bob.picture.value).toBe('blank');
    video.frame(Date.now());
    expect(bob.picture.value).toBe('shown');
  });

  it('is taken for granted after a while where no frame is told', async () => {
    const meeting = await world.live({ videoSlots: 1 });
    const ann = meeting.show(new FakeVideo().element, '1@ann');
    await settle();
    world.room.socket.say({ type: 'slots', slots: [live('3', '1@ann')] });
    await pass(500);
    expect(ann.picture.value).toBe('shown');
  });

  it('is nothing while the server holds it back, and until a frame came after that', async () => {
    const meeting = await world.live({ videoSlots: 1 });
    const video = new FakeVideo();
    const ann = meeting.show(video.element, '1@ann');
    await settle();
    world.room.socket.say({ type: 'slots', slots: [live('3', '1@ann')] });
    video.frame(Date.now());
    world.room.socket.say({ type: 'slots', slots: [paused('3', '1@ann')] });
    expect(ann.slot.value).toMatchObject({ state: 'paused', limitedBy: 'cap' });
    expect(ann.picture.value).toBe('blank');
    await pass(1_000);
    expect(ann.picture.value).toBe('blank');
    world.room.socket.say({ type: 'slots', slots: [live('3', '1@ann')] });
    expect(ann.picture.value).toBe('blank');
    video.frame(Date.now());
    expect(ann.picture.value).toBe('shown');
  });

  it('keeps the picture when somebody only shows the track once more', async () => {
    const meeting = await world.live({ videoSlots: 1 });
    const [one, two] = [new FakeVideo(), new FakeVideo()];
    const first = meeting.show(one.element, '1@ann');
    await settle();
    world.room.socket.say({ type: 'slots', slots: [live('3', '1@ann')] });
    one.frame(Date.now());
    const second = meeting.show(two.element, '1@ann');
    await settle();
    two.frame(Date.now());
    expect([first.picture.value, second.picture.value]).toEqual(['shown', 'shown']);
  });
});
