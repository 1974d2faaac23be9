// @vitest-environment happy-dom

import { act, render, screen, within } from '@testing-library/react';
import { userEvent } from '@testing-library/user-event';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Limit, Slot } from '../../client/index.ts';
import { person, type FakeMeeting } from '../../testing/fake-meeting.ts';
import { receiving, type Counted } from '../../testing/fake-reception.ts';
import { browserLike, visitLunch } from '../testing/setup.ts';
import { VisitView } from '../VisitView.tsx';

browserLike();

beforeEach(() => void vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] }));
afterEach(() => void vi.useRealTimers());

const theme = { shown: 'light', toggle: () => undefined } as const;
const SMALL: Counted = {
  width: 640,
  height: 360,
  framesPerSecond: 25,
  bitsPerSecond: 412_000,
  allBitsPerSecond: 480_000,
};
const LARGE: Counted = {
  width: 1280,
  height: 720,
  framesPerSecond: 30,
  bitsPerSecond: 1_540_000,
  allBitsPerSecond: 1_700_000,
};

async function withBen(slot: Partial<Slot>, received = (): Counted => SMALL): Promise<FakeMeeting> {
  const scene = visitLunch();
  await scene.visit.open();
  scene.visit.join('Ada');
  const fake = scene.meeting();
  fake.picture = () => new MediaStream();
  fake.slotsOf.set('1@ben', slot);
  fake.peer.set(receiving('2', received));
  fake.enter([person('Ben')]);
  render(<VisitView visit={scene.visit} support={{ kind: 'full' }} theme={theme} />);
  return fake;
}

const LIMITED = 'Ben’s picture is limited by the organiser: 360 lines instead of more';
const LIMITED_SLOT: Partial<Slot> = { layer: { rid: 'h', height: 360, temporal: null }, limitedBy: 'cap' };
const button = (name: string): HTMLElement => screen.getByRole('button', { name });
const card = (): HTMLElement => screen.getByRole('dialog', { name: 'Ben’s picture' });
const seconds = (count: number): Promise<void> =>
  act(async () => {
    await vi.advanceTimersByTimeAsync(1000 * count);
  });

/** One of the plot's lines. */
const line = (name: string): string | null | undefined => card().querySelector(name)?.getAttribute('points');

/** The card's figures by their names. */
function figures(): Record<string, string> {
  const names = within(card()).getAllByRole('term');
  const values = within(card()).getAllByRole('definition');
  return Object.fromEntries(names.map((name, i) => [name.textContent, values[i]?.textContent ?? '']));
}

describe('a picture that the organiser limits', () => {
  it('bears a mark that says so', async () => {
    await withBen(LIMITED_SLOT);
    expect(button(LIMITED).closest('.tile-seen')?.getAttribute('data-limited')).toBe('cap');
    expect(screen.queryByRole('button', { name: 'About Ben’s picture' })).toBeNull();
  });

  it('says that there are fewer frames', async () => {
    await withBen({ layer: { rid: 'q', height: 180, temporal: 1 }, limitedBy: 'cap' });
    await userEvent.click(button('Ben’s picture is limited by the organiser: 180 lines and fewer frames'));
    expect(figures()).toMatchObject({ Layer: '180 lines (“q”), fewer frames' });
  });

  it('bears it too while nobody knows how many lines it has', async () => {
    await withBen({ limitedBy: 'height_cap' });
    expect(button('Ben’s picture is limited by the organiser')).toBeTruthy();
  });

  it('tells by whom and in what, by keyboard, and gives the focus back', async () => {
    await withBen(LIMITED_SLOT);
    button(LIMITED).focus();
    await userEvent.keyboard('{Enter}');
    expect(within(card()).getByText('The organiser limits how much you are sent.')).toBeTruthy();
    expect(card().contains(document.activeElement)).toBe(true);
    expect(button(LIMITED).getAttribute('aria-expanded')).toBe('true');
    await userEvent.keyboard('{Escape}');
    expect(screen.queryByRole('dialog')).toBeNull();
    await vi.waitFor(() => expect(document.activeElement).toBe(button(LIMITED)));
  });

  it('is shown with all that is received against what the organiser allows', async () => {
    await withBen({ ...LIMITED_SLOT, limitBps: 640_000 });
    await userEvent.click(button(LIMITED));
    expect(figures()).toMatchObject({ 'All received': '… of 640 kbit/s', 'Limited by': 'the organiser' });
    expect(within(card()).getByText('Limited by the organiser to 640 kbit/s in all.')).toBeTruthy();
    await seconds(2);
    expect(figures()).toMatchObject({
      'Bit rate': '412 kbit/s',
      'All received': '480 of 640 kbit/s',
    });
    expect(within(card()).getByText('at most 480 kbit/s')).toBeTruthy();
    expect(within(card()).getByText('limit: the organiser’s for you')).toBeTruthy();
    expect(line('.seen-limit')).toBe('0,0.00 59,0.00 60,0.00');
    // Three quarters of the limit.
    expect(line('.seen-all')).toBe('59,6.00 60,6.00');
  });

  it('whose limit was exceeded for a moment has the line below that', async () => {
    await withBen({ ...LIMITED_SLOT, limitBps: 850_000 }, () => LARGE);
    await userEvent.click(button(LIMITED));
    await seconds(1);
    expect(line('.seen-limit')).toBe('0,12.00 60,12.00');
    expect(line('.seen-all')).toBe('60,0.00');
  });

  it('that is held back whole says under what limit', async () => {
    await withBen({ mid: '5', state: 'paused', limitedBy: 'cap', limitBps: 80_000 });
    await userEvent.click(button('About Ben’s picture'));
    const why = 'Held back: limited by the organiser to 80 kbit/s in all.';
    expect(within(card()).getByText(why)).toBeTruthy();
  });

  it('says so without what the browser does not count', async () => {
    await withBen({ ...LIMITED_SLOT, limitBps: 640_000 }, () => ({ ...SMALL, allBitsPerSecond: null }));
    await userEvent.click(button(LIMITED));
    await seconds(1);
    expect(figures()).toMatchObject({ 'Bit rate': '412 kbit/s', 'All received': '… of 640 kbit/s' });
    expect(line('.seen-all')).toBe('');
  });
});

describe('a picture that a limit keeps small', () => {
  it.each([
    ['link', 'limit: your connection, by estimate', 'your connection'],
    ['room_cap', 'limit: your share of the room’s', 'the organiser'],
    ['cap', 'limit: the organiser’s for you', 'the organiser'],
  ] as const)('is plotted against that of %s as it moves, in plain words', async (by, line_, who) => {
    const fake = await withBen({ ...LIMITED_SLOT, limitedBy: by });
    const tell = (limit: Limit | null): void => act(() => fake.limit.set(limit));
    const name = by === 'link' ? LIMITED.replace('the organiser', 'your connection') : LIMITED;
    await userEvent.click(button(name));
    expect(card().querySelector('.seen-limit, .seen-legend')).toBeNull();
    tell({ by, bps: 480_000 });
    expect(line('.seen-limit')).toBe('0,0.00 60,0.00');
    expect(within(card()).getByText(line_)).toBeTruthy();
    expect(figures()).toMatchObject({ 'All received': '… of 480 kbit/s', 'Limited by': who });
    await seconds(2);
    tell({ by, bps: 960_000 });
    // What it was stays where it was drawn.
    expect(line('.seen-limit')).toBe('0,12.00 59,12.00 60,0.00');
    expect(line('.seen-all')).toBe('59,12.00 60,12.00');
    tell(null);
    expect(card().querySelector('.seen-limit, .seen-legend')).toBeNull();
  });

  it('of height is plotted against none', async () => {
    const fake = await withBen({ ...LIMITED_SLOT, limitedBy: 'height_cap' });
    act(() => fake.limit.set({ by: 'link', bps: 480_000 }));
    await userEvent.click(button(LIMITED));
    expect(card().querySelector('.seen-limit')).toBeNull();
  });
});

describe('what one sees of somebody', () => {
  it('is told in figures, once a second', async () => {
    let now = SMALL;
    await withBen({ layer: { rid: 'h', height: 360, temporal: null } }, () => now);
    await userEvent.click(button('About Ben’s picture'));
    expect(figures()).toEqual({
      Layer: '360 lines (“h”)',
      Picture: '…',
      'Frames per second': '…',
      'Bit rate': '…',
      'Limited by': 'nobody',
    });
    await seconds(1);
    expect(figures()).toMatchObject({
      Picture: '640 × 360',
      'Frames per second': '25',
      'Bit rate': '412 kbit/s',
    });
    now = LARGE;
    await seconds(1);
    expect(figures()).toMatchObject({ Picture: '1280 × 720', 'Bit rate': '1.5 Mbit/s' });
    expect(card().querySelector('polyline')?.getAttribute('points')?.split(' ')).toHaveLength(2);
    expect(card().querySelector('.seen-all, .seen-limit, .seen-legend')).toBeNull();
    await userEvent.click(button('About Ben’s picture'));
    expect(screen.queryByRole('dialog')).toBeNull();
  });

  it('is nothing while it is held back', async () => {
    await withBen({ mid: '5', state: 'paused', limitedBy: 'room_cap' });
    await userEvent.click(button('About Ben’s picture'));
    await seconds(2);
    const why = 'Held back: the organiser limits how much this room may send.';
    expect(within(card()).getByText(why)).toBeTruthy();
    expect(figures()).toEqual({
      Layer: 'none',
      Picture: 'none',
      'Frames per second': 'none',
      'Bit rate': 'none',
      'Limited by': 'the organiser',
    });
  });

  it('cannot be asked of a camera that is off', async () => {
    const fake = await withBen({});
    expect(button('About Ben’s picture')).toBeTruthy();
    act(() => fake.participants.set([person('Ben', { camera: 'muted' })]));
    expect(screen.queryByRole('button', { name: 'About Ben’s picture' })).toBeNull();
  });
});
