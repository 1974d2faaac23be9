// @vitest-environment happy-dom

import { describe, expect, it } from 'vitest';
import type { Captured, CapturedScreen, MeetingState } from '../../client/index.ts';
import { browserLike, fakeTrack, refusing, visitLunch, working } from '../testing/setup.ts';
import { prefer, preferences } from '../lib/preferences.ts';
import { LocalDevice } from './local-device.ts';
import { ScreenShare } from './screen-share.ts';

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

describe('a screen', () => {
  it('that is chosen after one has left is given back', async () => {
    let choose: (captured: CapturedScreen) => void = () => undefined;
    const share = new ScreenShare(() => new Promise((answer) => (choose = answer)));
    const started = share.start();
    share.stop();
    const [video, audio] = [fakeTrack('screen'), fakeTrack('sound')];
    choose({ kind: 'open', video, audio });
    await started;
    expect(share.state.value.kind).toBe('off');
    expect([video.readyState, audio.readyState]).toEqual(['ended', 'ended']);
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
    visit.own.toggleCamera();
    expect(asked.at(-1)).toBe('publish camera nothing');
    visit.own.toggleMicrophone();
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
    visit.own.toggleCamera();
    visit.join('Ada');
    visit.leave();
    visit.rejoin();
    await settled();
    expect(meeting().options).toMatchObject({ room: 'lunch', name: 'Ada' });
    expect(meeting().asked).toContain('publish microphone track');
    expect(meeting().asked).not.toContain('publish camera track');
  });

  it.each<MeetingState>([
    { kind: 'left', reason: 'replaced', message: '' },
    { kind: 'failed', problem: { title: 'Nothing gets through', detail: '' } },
  ])('gives everything back when the meeting ends by itself ($kind), and opens it anew', async (end) => {
    const { visit, meeting } = visitLunch();
    await visit.open();
    visit.join('Ada');
    meeting().enter();
    visit.toggleScreen();
    await settled();
    const tracks = [visit.camera.track, visit.microphone.track];
    const asked = meeting().asked.length;
    meeting().state.set(end);
    expect(tracks.map((track) => track?.readyState)).toEqual(['ended', 'ended']);
    expect(visit.screen.state.value.kind).toBe('off');
    expect(meeting().asked.slice(asked)).toEqual([]);
    visit.rejoin();
    await settled();
    expect([visit.camera.state.value.kind, visit.microphone.state.value.kind]).toEqual(['on', 'on']);
    expect(meeting().asked).toContain('publish camera track');
  });

  it('mutes a microphone that is still opening, without opening it again', () => {
    const answers: ((captured: Captured) => void)[] = [];
    const { visit } = visitLunch({ capture: () => new Promise((answer) => answers.push(answer)) });
    void visit.open();
    const opened = answers.length;
    visit.own.toggleMicrophone();
    expect(visit.microphoneMuted.value).toBe(true);
    expect(preferences.value.microphone).toBe('off');
    expect(answers).toHaveLength(opened);
    visit.own.toggleMicrophone();
    expect(visit.microphoneMuted.value).toBe(false);
    expect(preferences.value.microphone).toBe('on');
  });

  it('unmutes and opens a microphone that is off', async () => {
    const { visit } = visitLunch({ query: 'name=Ada&microphone=off' });
    prefer({ microphone: 'off' });
    await visit.open();
    visit.own.toggleMicrophone();
    await settled();
    expect(visit.microphone.state.value.kind).toBe('on');
    expect(visit.microphoneMuted.value).toBe(false);
    expect(preferences.value.microphone).toBe('on');
  });

  it('comes back without the microphone that the link does not want', async () => {
    const { visit } = visitLunch({ query: 'name=Ada&microphone=off' });
    await visit.open();
    visit.join('Ada');
    visit.leave();
    visit.rejoin();
    await settled();
    expect(visit.microphone.state.value.kind).toBe('off');
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
