import { Meeting } from '../../src/client/index.ts';
import { tone } from './picture.ts';
import { portrait } from './portrait.ts';
import { slide } from './slide.ts';

const members = new Map<string, Meeting>();

/** People for screenshots: many on one page, who send a portrait and look at nobody. */
export const cast = {
  async enter(
    room: string,
    name: string,
    number: number,
    part: 'speaks' | 'listens' | 'no camera',
  ): Promise<void> {
    const meeting = new Meeting({
      room,
      name,
      identity: `${name.toLowerCase()}-${number}`,
      simulcast: 'off',
      videoSlots: 1,
    });
    members.set(name, meeting);
    if (part !== 'no camera') await meeting.publish('camera', portrait(number));
    await meeting.publish('microphone', tone(part === 'speaks' ? 440 : 220)[0] ?? null);
    if (part !== 'speaks') await meeting.setMuted('microphone', true);
    meeting.join();
  },

  live(): number {
    return [...members.values()].filter(
      ({ state: { value } }) => value.kind === 'joined' && value.media === 'live',
    ).length;
  },

  async present(name: string, on: boolean): Promise<void> {
    await members.get(name)?.publish('screen', on ? slide() : null);
  },

  async say(name: string, text: string): Promise<void> {
    await members.get(name)?.sendChat(text);
  },
};

declare global {
  interface Window {
    cast: typeof cast;
  }
}

/** The camera and the microphone of whoever looks. */
export const selfPortrait = (): MediaStreamTrack => portrait(0);
export const selfSound = (part: 'speaks' | 'listens'): MediaStreamTrack[] =>
  part === 'speaks' ? tone(200) : new AudioContext().createMediaStreamDestination().stream.getTracks();
