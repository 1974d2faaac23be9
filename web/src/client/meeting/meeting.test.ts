import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { person } from '../../testing/fake-room.ts';
import { FakeTrack } from '../../testing/fake-meeting-peer.ts';
import { MeetingWorld, settle } from '../../testing/meeting-world.ts';

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
});
