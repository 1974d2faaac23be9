import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { MeetingWorld, pass, settle } from '../../testing/meeting-world.ts';
import type { ChatMessage } from '../wire.ts';

let world: MeetingWorld;

beforeEach(() => {
  vi.useFakeTimers();
  world = new MeetingWorld();
});

afterEach(() => {
  vi.useRealTimers();
});

const line = (number: number, text: string, from = 'ann'): ChatMessage => ({
  number,
  from,
  name: from,
  text,
  atMs: 0,
});

describe('chat', () => {
  it('has the history and what is said, once each and in order', async () => {
    world.room.chat = [line(1, 'hello'), line(2, 'anybody?')];
    const meeting = await world.live();
    world.room.socket.say({ type: 'chat', message: line(4, 'last') });
    world.room.socket.say({ type: 'chat', message: line(3, 'third') });
    world.room.socket.say({ type: 'chat', message: line(3, 'third') });
    expect(meeting.chat.value.map(({ text }) => text)).toEqual(['hello', 'anybody?', 'third', 'last']);
  });

  it('sends what was written while the socket was away', async () => {
    const meeting = await world.live();
    world.room.reachable = false;
    world.room.socket.drop();
    const sent = Promise.all([meeting.sendChat('one'), meeting.sendChat('two')]);
    world.room.reachable = true;
    await pass(5_000);
    await sent;
    expect(world.room.of('chat').map(({ text }) => text)).toEqual(['one', 'two']);
  });

  it('does not say twice what arrived before the socket fell', async () => {
    const meeting = await world.live();
    world.room.silentOn.add('chat');
    const sent = meeting.sendChat('one');
    world.room.silentOn.clear();
    world.room.chat = [line(1, 'one', 'me')];
    world.room.socket.drop();
    await settle();
    await sent;
    expect(world.room.of('chat')).toHaveLength(1);
    expect(meeting.chat.value).toHaveLength(1);
  });

  it('says again what did not arrive', async () => {
    const meeting = await world.live();
    world.room.silentOn.add('chat');
    const sent = meeting.sendChat('one');
    world.room.silentOn.clear();
    world.room.socket.drop();
    await settle();
    await sent;
    expect(world.room.of('chat')).toHaveLength(2);
  });

  it('does not say twice what arrived in a room that counts anew', async () => {
    world.room.chat = [line(50, 'long ago')];
    const meeting = await world.live();
    world.room.forget();
    world.room.chat = [];
    world.room.socket.drop();
    await settle();
    world.room.silentOn.add('chat');
    const sent = meeting.sendChat('one');
    world.room.silentOn.clear();
    world.room.chat = [line(1, 'one', 'me')];
    world.room.socket.drop();
    await pass(5_000);
    await sent;
    expect(world.room.of('chat')).toHaveLength(1);
  });

  it('tells why a message was refused, and sends the next', async () => {
    const meeting = await world.live();
    world.room.refuse('chat', 'too_large');
    await Promise.all([
      expect(meeting.sendChat('much')).rejects.toMatchObject({ code: 'too_large' }),
      meeting.sendChat('less'),
      settle(),
    ]);
  });

  it('keeps only so many waiting', async () => {
    const meeting = await world.live();
    world.room.reachable = false;
    world.room.socket.drop();
    const sent = Array.from({ length: 17 }, (_, index) => meeting.sendChat(`${index}`));
    const outcomes = Promise.allSettled(sent);
    await settle();
    await meeting.leave();
    expect((await outcomes).map(({ status }) => status)).toEqual(Array(17).fill('rejected'));
    await expect(sent.at(-1)).rejects.toMatchObject({
      problem: { title: 'Too many messages wait to be sent' },
    });
    await expect(sent[0]).rejects.toMatchObject({ problem: { title: 'Not in the room' } });
  });
});
