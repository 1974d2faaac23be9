// @vitest-environment happy-dom

import { render, screen, waitFor, within } from '@testing-library/react';
import { userEvent } from '@testing-library/user-event';
import { describe, expect, it, vi } from 'vitest';
import type { Support } from '../../client/index.ts';
import { browserLike, refusing, visitLunch, type Parts, type Scene } from '../testing/setup.ts';
import { VisitView } from '../VisitView.tsx';

browserLike();

const theme = { shown: 'light', toggle: () => undefined } as const;

async function atTheDoor(parts: Parts = {}, support: Support = { kind: 'full' }): Promise<Scene> {
  const scene = visitLunch(parts);
  render(<VisitView visit={scene.visit} support={support} theme={theme} />);
  await scene.visit.open();
  await screen.findByRole('heading', { name: 'Join “lunch”' });
  return scene;
}

const joinButton = (): HTMLElement => screen.getByRole('button', { name: /^Join/ });

describe('at the door', () => {
  it('one sees oneself mirrored and joins under a name', async () => {
    const { meeting } = await atTheDoor({ query: '' });
    expect(screen.getByLabelText('Your own picture, mirrored', { selector: 'video' })).toBeTruthy();
    await userEvent.click(joinButton());
    expect(screen.getByRole('alert').textContent).toBe('Tell the others who you are.');
    expect(document.activeElement).toBe(screen.getByLabelText('Your name'));
    await userEvent.keyboard('Ada{Enter}');
    expect(meeting().options).toMatchObject({ room: 'lunch', name: 'Ada' });
    expect(await screen.findByText('Joining “lunch”…')).toBeTruthy();
  });

  it('the question of the browser is announced', () => {
    const { visit } = visitLunch({ capture: () => new Promise(() => undefined) });
    render(<VisitView visit={visit} support={{ kind: 'full' }} theme={theme} />);
    void visit.open();
    return waitFor(() => expect(screen.getByText(/Waiting for your camera and microphone/)).toBeTruthy());
  });

  it.each([
    ['blocked', 'Camera and microphone are blocked'],
    ['missing', 'No camera and no microphone were found'],
    ['busy', 'Camera and microphone are in use or do not answer'],
  ] as const)('two devices that are %s make one message, and one joins without', async (cause, title) => {
    const { meeting } = await atTheDoor({ capture: refusing(cause, 'camera', 'microphone') });
    expect(await screen.findByText(title)).toBeTruthy();
    await userEvent.click(screen.getByRole('button', { name: 'Join without camera and microphone' }));
    expect(meeting().asked).toContain('join');
  });

  it('devices that fail differently are named each, and tried again', async () => {
    let cause: 'busy' | 'none' = 'busy';
    const { visit } = await atTheDoor({
      capture: (device, id) => (cause === 'busy' ? refusing('busy', 'camera') : refusing('busy'))(device, id),
    });
    expect(await screen.findByText('No camera: busy')).toBeTruthy();
    expect(screen.getByRole('button', { name: 'Join without camera' })).toBeTruthy();
    cause = 'none';
    await userEvent.click(screen.getByRole('button', { name: 'Try again' }));
    await waitFor(() => expect(visit.camera.state.value.kind).toBe('on'));
    expect(screen.queryByText('No camera: busy')).toBeNull();
    expect(joinButton().textContent).toBe('Join');
  });

  it('an insecure page says why there is no camera, and what still works', async () => {
    await atTheDoor(
      { capture: refusing('insecure', 'camera', 'microphone') },
      {
        kind: 'watch_only',
        title: 'This page is not served securely',
        cure: 'You can join, watch and listen.',
      },
    );
    expect(screen.getByText('This page is not served securely')).toBeTruthy();
    expect(screen.queryByText('None found')).toBeNull();
    expect(screen.queryByRole('combobox')).toBeNull();
    expect(joinButton()).toBeTruthy();
  });

  it('devices that are plugged in appear in the lists and can be chosen', async () => {
    const { visit, devices } = await atTheDoor();
    expect(screen.getByLabelText<HTMLSelectElement>('Camera').disabled).toBe(true);
    devices.set({
      microphones: [{ id: 'mic', label: 'Headset' }],
      cameras: [
        { id: 'first camera', label: 'Built-in' },
        { id: 'usb', label: 'Desk camera' },
      ],
      speakers: [{ id: 'out', label: 'Loud' }],
    });
    const list = await waitFor(() => {
      const select = screen.getByLabelText<HTMLSelectElement>('Camera');
      expect(within(select).getAllByRole('option')).toHaveLength(2);
      return select;
    });
    expect(list.value).toBe('first camera');
    await userEvent.selectOptions(list, 'Desk camera');
    await waitFor(() => expect(visit.camera.track?.label).toBe('usb'));
    expect(screen.getByLabelText('Speaker')).toBeTruthy();
  });

  it('how loud one is, is told in numbers too', async () => {
    vi.stubGlobal(
      'AnalyserNode',
      class {
        getFloatTimeDomainData(samples: Float32Array): void {
          samples.fill(1);
        }
      },
    );
    vi.stubGlobal(
      'AudioContext',
      class extends EventTarget {
        readonly state = 'running';
        createMediaStreamSource = (): { connect: () => void } => ({ connect: () => undefined });
        close = (): Promise<void> => Promise.resolve();
      },
    );
    await atTheDoor();
    const meter = await screen.findByRole('meter', { name: 'Microphone level' });
    expect(meter.getAttribute('aria-valuenow')).toBe('0');
    await waitFor(() => expect(meter.getAttribute('aria-valuenow')).toBe('100'));
  });

  it('the switches say what they will do', async () => {
    const { visit } = await atTheDoor();
    await userEvent.click(await screen.findByRole('button', { name: 'Mute microphone' }));
    expect(visit.microphoneMuted.value).toBe(true);
    expect(screen.getByText('Muted: nobody hears you')).toBeTruthy();
    await userEvent.click(screen.getByRole('button', { name: 'Turn camera off' }));
    expect(screen.getByText('Your camera is off')).toBeTruthy();
    expect(joinButton().textContent).toBe('Join');
  });
});
