// @vitest-environment happy-dom

import { describe, expect, it } from 'vitest';
import type { Captured } from '../../client/index.ts';
import { browserLike, fakeTrack, refusing, visitLunch, working } from '../testing/setup.ts';
import { LocalDevice } from './local-device.ts';

browserLike();

const settled = (): Promise<void> => new Promise((done) => setTimeout(done));

describe('a device', () => {
  it('that is pulled out gives way to another, and says so', async () => {
    const device = new LocalDevice('microphone', working);
    await device.open('headset');
    const lost = device.track;
    lost?.dispatchEvent(new Event('ended'));
    await settled();
    expect(device.track?.label).toBe('first microphone');
    expect(device.notice.value).toEqual({ device: 'microphone', lost: 'headset', now: 'first microphone' });
  });

  it('that is closed is given back and replaced by nothing', async () => {
    const device = new LocalDevice('camera', working);
    await device.open(null);
    const track = device.track;
    device.close();
    track?.dispatchEvent(new Event('ended'));
    await settled();
    expect(track?.readyState).toBe('ended');
    expect(device.state.value.kind).toBe('off');
    expect(device.notice.value).toBeNull();
  });

  it('that comes after one changed one’s mind is given back', async () => {
    const answers: ((captured: Captured) => void)[] = [];
    const device = new LocalDevice('camera', () => new Promise((answer) => answers.push(answer)));
    void device.open('slow');
    void device.open('quick');
    const [slow, quick] = [fakeTrack('slow'), fakeTrack('quick')];
    answers[1]?.({ kind: 'open', track: quick });
    answers[0]?.({ kind: 'open', track: slow });
    await settled();
    expect(device.track).toBe(quick);
    expect(slow.readyState).toBe('ended');
  });
});

describe('a visit', () => {
  it('publishes what is open, and nothing after one has left', async () => {
    const { visit, meeting } = visitLunch();
    await visit.open();
    visit.join('Ada');
    const { asked } = meeting();
    expect(asked).toEqual(
      expect.arrayContaining([
        'publish camera track',
        'publish microphone track',
        'unmute microphone',
        'join',
      ]),
    );
    visit.toggleCamera();
    expect(asked.at(-1)).toBe('publish camera nothing');
    visit.toggleMicrophone();
    expect(asked.at(-1)).toBe('mute microphone');
    visit.toggleScreen();
    await settled();
    expect(asked).toContain('publish screen track');
    visit.leave();
    expect(asked.at(-1)).toBe('leave');
    expect(visit.microphone.state.value.kind).toBe('off');
  });

  it('comes back with the devices that were on', async () => {
    const { visit, meeting } = visitLunch();
    await visit.open();
    visit.toggleCamera();
    visit.join('Ada');
    visit.leave();
    visit.rejoin();
    await settled();
    expect(meeting().options).toMatchObject({ room: 'lunch', name: 'Ada' });
    expect(meeting().asked).toContain('publish microphone track');
    expect(meeting().asked).not.toContain('publish camera track');
  });

  it('opens a camera that was missed when one is plugged in', async () => {
    let plugged = false;
    const { visit, devices } = visitLunch({
      capture: (device, id) => (plugged ? working : refusing('missing', 'camera'))(device, id),
    });
    await visit.open();
    expect(visit.camera.state.value.kind).toBe('refused');
    plugged = true;
    devices.set({ ...devices.value, cameras: [{ id: 'usb', label: 'Desk camera' }] });
    await settled();
    expect(visit.camera.state.value.kind).toBe('on');
  });

  it('opens only what the link wants', async () => {
    const { visit } = visitLunch({ query: 'name=Ada&camera=off&microphone=off' });
    await visit.open();
    expect([visit.camera.state.value.kind, visit.microphone.state.value.kind]).toEqual(['off', 'off']);
  });
});
