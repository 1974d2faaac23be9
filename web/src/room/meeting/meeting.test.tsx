// @vitest-environment happy-dom

import { act, render, screen, waitFor, within } from '@testing-library/react';
import { userEvent } from '@testing-library/user-event';
import { describe, expect, it, vi } from 'vitest';
import type { MeetingState, Participant, Problem } from '../../client/index.ts';
import { person, type FakeMeeting } from '../../testing/fake-meeting.ts';
import { browserLike, visitLunch, type Scene } from '../testing/setup.ts';
import { VisitView } from '../VisitView.tsx';

browserLike();

const theme = { shown: 'light', toggle: () => undefined } as const;
const problem: Problem = { title: 'The server cannot be reached', detail: 'Is it running?' };

interface Room extends Scene {
  readonly fake: FakeMeeting;
}

async function inTheRoom(others: Participant[], prepare?: (fake: FakeMeeting) => void): Promise<Room> {
  const scene = visitLunch();
  await scene.visit.open();
  scene.visit.join('Ada');
  const fake = scene.meeting();
  prepare?.(fake);
  fake.enter(others);
  render(<VisitView visit={scene.visit} support={{ kind: 'full' }} theme={theme} />);
  return { ...scene, fake };
}

const tile = (name: RegExp): HTMLElement => screen.getByRole('listitem', { name });
const set = (fake: FakeMeeting, state: MeetingState): void => act(() => fake.state.set(state));
const button = (name: string | RegExp): HTMLElement => screen.getByRole('button', { name });

describe('the grid', () => {
  it('says that nobody else is here and offers the link', async () => {
    await inTheRoom([]);
    expect(screen.getByText('Nobody else is here yet')).toBeTruthy();
    expect(screen.getAllByRole('button', { name: 'Copy link' })).toHaveLength(2);
    expect(tile(/^Ada \(you\)/)).toBeTruthy();
  });

  it('tells for each tile what icons show', async () => {
    await inTheRoom([
      person('Ben'),
      person('Chidi', { microphone: 'muted', camera: 'muted' }),
      person('Dana', { presence: 'unstable' }),
    ]);
    expect(tile(/^Ben$/)).toBeTruthy();
    expect(tile(/^Chidi, microphone muted, camera off$/)).toBeTruthy();
    expect(tile(/^Dana, Connection unstable$/)).toBeTruthy();
    expect(screen.queryByText('Nobody else is here yet')).toBeNull();
  });

  it.each([
    ['awaiting_keyframe', 'Picture on its way…'],
    ['awaiting_media', 'Picture on its way…'],
    ['connecting', 'Picture on its way…'],
    ['no_mutual_codec', 'Your browser cannot show this camera’s format'],
  ] as const)('says of a slot that is %s: %s', async (state, text) => {
    await inTheRoom([person('Ben')], (fake) => fake.slotsOf.set('1@ben', { state }));
    expect(within(tile(/^Ben/)).getByText(text)).toBeTruthy();
  });

  it.each(['muted', 'hidden', 'empty', 'no_such_track', 'live'] as const)(
    'lets a slot that is %s speak for itself',
    async (state) => {
      await inTheRoom([person('Ben')], (fake) => fake.slotsOf.set('1@ben', { state }));
      expect(tile(/^Ben/).querySelector('.tile-reason')).toBeNull();
    },
  );

  it.each([
    ['link', 'Held back: your connection carries no more just now'],
    ['cap', 'Held back: the organiser limits how much you are sent'],
    ['room_cap', 'Held back: the organiser limits how much this room may send'],
    ['height_cap', 'Held back: the organiser limits how large pictures may be'],
    [null, 'Held back: there is no room for it just now'],
  ] as const)('says of a slot that is held back by %s: %s', async (limitedBy, text) => {
    await inTheRoom([person('Ben')], (fake) => fake.slotsOf.set('1@ben', { state: 'paused', limitedBy }));
    const reason = tile(/^Ben/).querySelector('.tile-reason');
    expect(reason?.textContent).toBe(text);
    // It is not on its way.
    expect(reason?.querySelector('.spinner')).toBeNull();
  });

  it('rings who speaks', async () => {
    const { fake } = await inTheRoom([person('Ben'), person('Chidi')]);
    act(() => fake.speakers.set({ dominant: 'chidi', speaking: ['chidi'] }));
    expect(tile(/^Chidi/).dataset['speaking']).toBe('true');
    expect(tile(/^Ben/).dataset['speaking']).toBe('false');
  });

  it('tells who speaks to those who see no ring', async () => {
    const { fake } = await inTheRoom([person('Ben'), person('Chidi', { camera: 'muted' })]);
    await userEvent.keyboard('p');
    const line = (identity: string): string =>
      document.querySelector(`.person[data-identity="${identity}"]`)?.textContent ?? '';
    act(() => fake.speakers.set({ dominant: 'chidi', speaking: ['chidi', 'self'] }));
    expect(tile(/^Chidi, camera off, speaking$/)).toBeTruthy();
    expect(tile(/^Ada \(you\), speaking$/)).toBeTruthy();
    expect(line('chidi')).toMatch(/speaking$/);
    expect(line('ben')).not.toMatch(/speaking/);
    act(() => fake.speakers.set({ dominant: 'chidi', speaking: [] }));
    expect(tile(/^Chidi, camera off$/)).toBeTruthy();
    expect(line('chidi')).not.toMatch(/speaking/);
  });

  it('keeps sixteen tiles when thirty are here, and seats who speaks', async () => {
    const { fake } = await inTheRoom(Array.from({ length: 29 }, (_, index) => person(`P${index}`)));
    expect(document.querySelectorAll('.tile')).toHaveLength(16);
    expect(button('15 more people; show the list').textContent).toBe('+15');
    act(() => fake.speakers.set({ dominant: 'p28', speaking: ['p28'] }));
    expect(tile(/^P28/)).toBeTruthy();
    expect(document.querySelectorAll('.tile')).toHaveLength(16);
  });

  it('gives a shared screen the big place, and it back when it ends', async () => {
    const { fake } = await inTheRoom([person('Ben', { screen: 'on' }), person('Chidi')]);
    expect(screen.getByRole('figure', { name: 'Ben’s screen' })).toBeTruthy();
    const video = document.querySelector('[data-track="1@chidi"]');
    act(() => fake.participants.set([person('Ben'), person('Chidi')]));
    expect(screen.queryByRole('figure')).toBeNull();
    // The pictures of the people are the same elements as before: nothing blinks.
    expect(document.querySelector('[data-track="1@chidi"]')).toBe(video);
  });

  it('shows that one’s own screen is shared, with a way to stop', async () => {
    const { fake } = await inTheRoom([person('Ben')]);
    vi.stubGlobal('navigator', navigator);
    await userEvent.keyboard('s');
    expect(await screen.findByText('You are sharing your screen')).toBeTruthy();
    await userEvent.click(screen.getAllByRole('button', { name: 'Stop sharing' }).at(0) ?? document.body);
    expect(screen.queryByText('You are sharing your screen')).toBeNull();
    expect(fake.asked).toContain('publish screen nothing');
  });
});

describe('the connection', () => {
  it('tells a lost socket from lost media', async () => {
    const { fake } = await inTheRoom([person('Ben')]);
    set(fake, { kind: 'reconnecting', attempt: 1, retryInMs: 0, problem, media: 'live' });
    expect(screen.getByText(/Sound and pictures go on/)).toBeTruthy();
    set(fake, { kind: 'reconnecting', attempt: 3, retryInMs: 4000, problem, media: 'lost' });
    expect(
      screen.getByText(/cannot see or hear you. The server cannot be reached. Next attempt in 4 s/),
    ).toBeTruthy();
    set(fake, { kind: 'joined', media: 'restarting' });
    expect(screen.getByText(/Finding a new path/)).toBeTruthy();
    set(fake, { kind: 'joined', media: 'live' });
    expect(document.querySelector('[data-banner]')).toBeNull();
  });

  it('says that the organiser’s limit is lower than what one sends', async () => {
    const { fake } = await inTheRoom([person('Ben')]);
    expect(screen.queryByText(/organiser’s limit is/)).toBeNull();
    act(() => fake.refusedAbove.set(300_000));
    expect(screen.getByText(/organiser’s limit is lower than what you send/)).toBeTruthy();
    act(() => fake.refusedAbove.set(null));
    expect(screen.queryByText(/organiser’s limit is/)).toBeNull();
  });

  it('asks for the click that sound needs', async () => {
    const { fake } = await inTheRoom([person('Ben')]);
    act(() => fake.sound.set('blocked'));
    await userEvent.click(button('Turn sound on'));
    expect(fake.asked).toContain('resume sound');
    expect(screen.queryByText('Turn sound on')).toBeNull();
  });

  it.each([
    ['left', 'You left the room'],
    ['lost', 'You were away for too long'],
    ['replaced', 'You came in somewhere else'],
    ['draining', 'The server is going down for a while'],
    ['misbehaved', 'The server sent you out'],
    ['failed', 'The connection failed'],
  ] as const)('when one is out (%s) says why and lets one in again', async (reason, title) => {
    const { fake, meeting } = await inTheRoom([person('Ben')]);
    set(fake, { kind: 'left', reason, message: 'ended' });
    expect(screen.queryByText('ended')).toBeNull();
    expect(document.activeElement).toBe(screen.getByRole('heading', { name: title }));
    await userEvent.click(button('Join again'));
    expect(meeting()).not.toBe(fake);
    expect(screen.getByText('Joining “lunch”…')).toBeTruthy();
  });

  it('when it failed says whether one was in, and what the server said', async () => {
    const { fake, visit, meeting } = await inTheRoom([]);
    set(fake, { kind: 'failed', problem: { ...problem, status: 503 } });
    expect(screen.getByRole('heading', { name: 'The server cannot be reached' })).toBeTruthy();
    expect(screen.getByText('Is it running? Status 503.')).toBeTruthy();
    expect(screen.getByText('The meeting broke off')).toBeTruthy();
    act(() => visit.rejoin());
    set(meeting(), { kind: 'failed', problem });
    expect(screen.getByText('You could not get in')).toBeTruthy();
  });

  it('that does not come about says why and lets one back to the door', async () => {
    const { visit, meeting } = visitLunch();
    await visit.open();
    visit.join('Ada');
    render(<VisitView visit={visit} support={{ kind: 'full' }} theme={theme} />);
    expect(screen.queryByRole('heading')).toBeNull();
    set(meeting(), { kind: 'joining', retry: { attempt: 2, retryInMs: 4000, problem } });
    expect(screen.getByRole('heading', { name: 'The server cannot be reached' })).toBeTruthy();
    expect(screen.getByText('Is it running?')).toBeTruthy();
    expect(screen.getByText('Next attempt in 4 s.')).toBeTruthy();
    await userEvent.click(button('Cancel'));
    expect(meeting().asked).toContain('leave');
    expect(screen.getByRole('heading', { name: 'Join “lunch”' })).toBeTruthy();
    expect(visit.camera.state.value.kind).toBe('on');
  });
});

describe('what happens', () => {
  it('is told politely: who came and who left, not who was here', async () => {
    const { fake } = await inTheRoom([person('Ben')]);
    const log = document.querySelector('.notices');
    expect(log?.getAttribute('aria-live')).toBe('polite');
    expect(log?.textContent).toBe('');
    act(() => fake.participants.set([person('Ben'), person('Chidi')]));
    expect(screen.getByText('Chidi came in')).toBeTruthy();
    act(() => fake.participants.set([person('Chidi')]));
    expect(screen.getByText('Ben left')).toBeTruthy();
  });

  it('to a device is told with what serves instead', async () => {
    const { visit } = await inTheRoom([]);
    act(() => {
      visit.microphone.track?.dispatchEvent(new Event('ended'));
    });
    await waitFor(() =>
      expect(screen.getByText('first microphone is gone. first microphone is used now.')).toBeTruthy(),
    );
  });
});
