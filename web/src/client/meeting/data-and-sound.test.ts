import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { MeetingWorld, pass, settle } from '../../testing/meeting-world.ts';
import { BUFFERED_BYTES_MAX, MESSAGE_BYTES_MAX } from './data.ts';

let world: MeetingWorld;

beforeEach(() => {
  vi.useFakeTimers();
  world = new MeetingWorld();
});

afterEach(() => {
  vi.useRealTimers();
});

describe('a data channel', () => {
  it('carries messages both ways once it is open', async () => {
    const meeting = await world.live();
    const link = meeting.openData('echo');
    const heard: unknown[] = [];
    link.onMessage((data) => heard.push(data));
    expect(link.send('early')).toBe('closed');
    world.peer.channel('echo').open();
    expect(link.state.value).toBe('open');
    expect(link.send('hello')).toBe('sent');
    world.peer.channel('echo').hear('hello');
    expect(heard).toEqual(['hello']);
    expect(link.send(new ArrayBuffer(MESSAGE_BYTES_MAX + 1))).toBe('too_large');
  });

  it('refuses more than it may keep, and says when it is clear again', async () => {
    const meeting = await world.live();
    const link = meeting.openData('echo');
    const channel = world.peer.channel('echo');
    channel.open();
    channel.bufferedAmount = BUFFERED_BYTES_MAX;
    expect(link.send('x')).toBe('full');
    expect(link.pressure.value).toBe('full');
    channel.bufferedAmount = 0;
    channel.dispatchEvent(new Event('bufferedamountlow'));
    expect(link.pressure.value).toBe('clear');
    expect(channel.sent).toEqual([]);
  });

  it('is opened again on a new connection', async () => {
    const meeting = await world.live();
    const link = meeting.openData('echo');
    world.peer.channel('echo').open();
    world.room.socket.say({ type: 'media_lost' });
    await settle();
    expect(link.state.value).toBe('connecting');
    world.peer.channel('echo').open();
    expect(link.state.value).toBe('open');
    link.close();
    expect(world.peer.channel('echo').readyState).toBe('closed');
  });
});

describe('sound', () => {
  it('is blocked until a person touches the page', async () => {
    world.autoplay = 'refused';
    const meeting = await world.live();
    await settle();
    expect(meeting.sound.value).toBe('blocked');
    await meeting.resumeSound();
    expect(meeting.sound.value).toBe('blocked');
    world.autoplay = 'allowed';
    world.page.dispatchEvent(new Event('pointerup'));
    await pass(1_000);
    expect(meeting.sound.value).toBe('playing');
  });

  it('says when outputs cannot be chosen here', async () => {
    const meeting = await world.live();
    await expect(meeting.setSpeaker('headset')).rejects.toMatchObject({ name: 'NotSupportedError' });
  });
});
