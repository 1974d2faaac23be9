// @vitest-environment happy-dom

import { act, render, screen, waitFor, within } from '@testing-library/react';
import { userEvent } from '@testing-library/user-event';
import { describe, expect, it, vi } from 'vitest';
import { person, type FakeMeeting } from '../../testing/fake-meeting.ts';
import { browserLike, visitLunch, type Scene } from '../testing/setup.ts';
import { VisitView } from '../VisitView.tsx';

browserLike();

const theme = { shown: 'light', toggle: () => undefined } as const;

async function withBen(): Promise<Scene & { fake: FakeMeeting }> {
  const scene = visitLunch();
  await scene.visit.open();
  scene.visit.join('Ada');
  const fake = scene.meeting();
  fake.say('ben', 'Ben', 'Written before Ada came.');
  fake.enter([person('Ben')]);
  render(<VisitView visit={scene.visit} support={{ kind: 'full' }} theme={theme} />);
  return { ...scene, fake };
}

const button = (name: string | RegExp): HTMLElement => screen.getByRole('button', { name });
const field = (): HTMLElement => screen.getByRole('textbox', { name: 'Message to everybody' });

describe('the bar', () => {
  it('mutes, blacks out and leaves, by mouse and by key', async () => {
    const { visit, fake } = await withBen();
    await userEvent.click(button('Mute microphone'));
    expect(visit.microphoneMuted.value).toBe(true);
    await userEvent.keyboard('m');
    expect(visit.microphoneMuted.value).toBe(false);
    await userEvent.keyboard('v');
    expect(button('Turn camera on')).toBeTruthy();
    await userEvent.click(button('Leave'));
    expect(fake.asked).toContain('leave');
    expect(screen.getByRole('heading', { name: 'You left the room' })).toBeTruthy();
  });

  it('heeds no key while somebody types, nor with a modifier', async () => {
    const { visit } = await withBen();
    await userEvent.keyboard('c');
    expect(document.activeElement).toBe(field());
    await userEvent.keyboard('mmm');
    expect(visit.microphoneMuted.value).toBe(false);
    await userEvent.keyboard('{Escape}');
    expect(document.activeElement).toBe(button('Chat'));
    await userEvent.keyboard('{Control>}m{/Control}');
    expect(visit.microphoneMuted.value).toBe(false);
  });

  it('lists the keys, which can be switched off', async () => {
    const { visit } = await withBen();
    await userEvent.keyboard('?');
    const dialog = await screen.findByRole('dialog', { name: 'Keyboard shortcuts' });
    await userEvent.click(within(dialog).getByRole('checkbox', { name: 'Use these keys' }));
    await userEvent.keyboard('{Escape}');
    expect(screen.queryByRole('dialog')).toBeNull();
    await userEvent.keyboard('m');
    expect(visit.microphoneMuted.value).toBe(false);
  });

  it('is walked through by Tab, and every control has a name', async () => {
    await withBen();
    const names: string[] = [];
    for (let i = 0; i < 12; i += 1) {
      await userEvent.tab();
      names.push(document.activeElement?.getAttribute('aria-label') ?? '');
    }
    expect(names).toEqual(
      expect.arrayContaining(['Copy link', 'Mute microphone', 'Turn camera off', 'Devices', 'Chat', 'Leave']),
    );
    for (const control of screen.getAllByRole('button')) {
      expect(control.getAttribute('aria-label') ?? control.textContent).not.toBe('');
    }
  });

  it('copies the link', async () => {
    await withBen();
    await userEvent.keyboard('l');
    await waitFor(() => expect(document.querySelector('.for-ears')?.textContent).toBe('Link copied'));
    expect(await navigator.clipboard.readText()).toMatch(/\/rooms\/lunch$/);
  });

  it('chooses devices in a dialog', async () => {
    const { devices, visit, fake } = await withBen();
    const microphones = [
      { id: 'first microphone', label: 'Built-in' },
      { id: 'usb', label: 'Headset' },
    ];
    devices.set({ microphones, cameras: [], speakers: [] });
    await userEvent.keyboard('d');
    const dialog = await screen.findByRole('dialog', { name: 'Devices' });
    const list = within(dialog).getByLabelText<HTMLSelectElement>('Microphone');
    expect(list.value).toBe('first microphone');
    const before = visit.microphone.track;
    const published = (): number => fake.asked.filter((what) => what === 'publish microphone track').length;
    const times = published();
    await userEvent.selectOptions(list, 'Headset');
    await waitFor(() => expect(visit.microphone.track?.label).toBe('usb'));
    expect(published()).toBe(times + 1);
    expect(before?.readyState).toBe('ended');
    expect(list.value).toBe('usb');
  });
});

describe('the chat', () => {
  it('counts what was missed, and not what was written before', async () => {
    const { fake } = await withBen();
    expect(button('Chat')).toBeTruthy();
    act(() => fake.say('ben', 'Ben', 'Hello?'));
    act(() => fake.say('ben', 'Ben', 'Anybody?'));
    expect(screen.getByText('Ben: Anybody?')).toBeTruthy();
    await userEvent.click(button('Chat, 2 unread'));
    expect(button('Chat')).toBeTruthy();
    act(() => fake.say('ben', 'Ben', 'There you are.'));
    expect(screen.queryByText('Ben: There you are.')).toBeNull();
  });

  it('is in order, tells one’s own, and makes links of addresses', async () => {
    const { fake } = await withBen();
    await userEvent.keyboard('c');
    await userEvent.keyboard('See https://example.org/plan.{Enter}');
    act(() => fake.say('ben', 'Ben', 'Thanks'));
    const lines = [...document.querySelectorAll<HTMLElement>('.chat-line')];
    expect(lines.map((line) => `${line.dataset['number']} ${line.dataset['by']}`)).toEqual([
      '1 other',
      '2 self',
      '3 other',
    ]);
    expect(screen.getByRole('link').getAttribute('href')).toBe('https://example.org/plan');
    expect((field() as HTMLTextAreaElement).value).toBe('');
  });

  it('keeps what is half written when a phone is turned, and when the panel is closed', async () => {
    let changed: () => void = () => undefined;
    const query = {
      matches: false,
      addEventListener: (_: string, listener: () => void) => (changed = listener),
      removeEventListener: () => undefined,
    };
    vi.stubGlobal('matchMedia', () => query);
    await withBen();
    await userEvent.keyboard('c');
    await userEvent.keyboard('Half a');
    query.matches = true;
    act(() => changed());
    expect(await screen.findByRole('dialog', { name: 'Chat' })).toBeTruthy();
    expect((field() as HTMLTextAreaElement).value).toBe('Half a');
    await userEvent.keyboard('{Escape}');
    expect(screen.queryByRole('dialog')).toBeNull();
    await userEvent.keyboard('c');
    expect((field() as HTMLTextAreaElement).value).toBe('Half a');
  });

  it('counts what is missed after the server counts from 1 again', async () => {
    const { fake } = await withBen();
    act(() => fake.say('ben', 'Ben', 'Before'));
    await userEvent.keyboard('c');
    await userEvent.keyboard('{Escape}');
    expect(button('Chat')).toBeTruthy();
    act(() => fake.chat.set([]));
    act(() => fake.say('ben', 'Ben', 'Are you back?', Date.UTC(2026, 0, 6)));
    expect(button('Chat, 1 unread')).toBeTruthy();
    expect(screen.getByText('Ben: Are you back?')).toBeTruthy();
    const again = [4, 5, 6].map((hour, index) => ({
      number: index + 1,
      from: 'ben',
      name: 'Ben',
      text: `And at ${hour}?`,
      atMs: Date.UTC(2026, 0, 7, hour),
    }));
    act(() => fake.chat.set(again));
    expect(button('Chat, 3 unread')).toBeTruthy();
  });

  it('gives back what could not be sent, with the reason', async () => {
    const { fake } = await withBen();
    fake.chatFails = new Error('Too many messages.');
    await userEvent.keyboard('c');
    await userEvent.keyboard('Hello{Enter}');
    expect(await screen.findByText('Not sent. Try again. Too many messages.')).toBeTruthy();
    expect((field() as HTMLTextAreaElement).value).toBe('Hello');
  });
});

describe('the roster', () => {
  it('lists everybody, oneself first', async () => {
    const { fake } = await withBen();
    act(() =>
      fake.participants.set([
        person('Ben', { presence: 'unstable', microphone: 'muted' }),
        person('Studio', { via: 'whip', screen: 'on' }),
      ]),
    );
    await userEvent.keyboard('p');
    const people = [...document.querySelectorAll<HTMLElement>('.person')];
    expect(people.map((line) => line.querySelector('.person-name')?.textContent)).toEqual([
      'Adayou',
      'Ben',
      'Studiostream',
    ]);
    expect(screen.getByRole('complementary', { name: 'People' })).toBeTruthy();
    expect(people[1]?.querySelector('[aria-label="Connection unstable"]')).toBeTruthy();
    expect(people[2]?.querySelector('[aria-label="sharing a screen"]')).toBeTruthy();
  });

  it('is a sheet on a phone', async () => {
    await withBen();
    vi.stubGlobal('matchMedia', () => ({
      matches: true,
      addEventListener: () => undefined,
      removeEventListener: () => undefined,
    }));
    await userEvent.keyboard('p');
    expect(await screen.findByRole('dialog', { name: 'People' })).toBeTruthy();
  });
});
