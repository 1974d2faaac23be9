// @vitest-environment happy-dom

import { render, screen } from '@testing-library/react';
import { userEvent } from '@testing-library/user-event';
import { beforeEach, describe, expect, it } from 'vitest';
import { App } from '../App.tsx';
import { prefer } from '../lib/preferences.ts';
import { browserLike } from '../testing/setup.ts';

browserLike();
beforeEach(() => {
  prefer({ room: '', theme: 'system' });
  history.replaceState(null, '', '/');
});

const none = { kind: 'none', title: 'This browser has no WebRTC', cure: 'Take another.' } as const;
const enter = async (text: string): Promise<void> => {
  await userEvent.type(screen.getByLabelText('Word or link'), `${text}{Enter}`);
};

describe('the start page', () => {
  it('makes a room of a word or a link', async () => {
    render(<App support={() => ({ kind: 'full' })} />);
    await enter('friday lunch');
    expect(location.pathname).toBe('/rooms/friday%20lunch');
  });

  it('takes a pasted link', async () => {
    render(<App support={() => ({ kind: 'full' })} />);
    await enter('https://elsewhere.example/rooms/tea?name=Ada');
    expect(location.pathname).toBe('/rooms/tea');
  });

  it('says what is wrong with a word', async () => {
    render(<App support={() => ({ kind: 'full' })} />);
    await enter(' ');
    expect(screen.getByRole('alert').textContent).toBe('Type a word or paste a link first.');
    await enter('a/b');
    expect(screen.getByRole('alert').textContent).toBe('A room’s name holds no slash.');
    expect(location.pathname).toBe('/');
  });

  it('says why a link leads to no room, with the name to be mended', () => {
    history.replaceState(null, '', `/rooms/${'x'.repeat(129)}`);
    render(<App support={() => ({ kind: 'full' })} />);
    expect(screen.getByRole('alert').textContent).toBe(
      'That is too long for a room’s name: 128 bytes at most.',
    );
    expect(screen.getByLabelText<HTMLInputElement>('Word or link').value).toBe('x'.repeat(129));
  });

  it('makes a fresh room, and remembers the last', async () => {
    prefer({ room: 'tea' });
    render(<App support={() => ({ kind: 'full' })} />);
    expect(screen.getByRole('button', { name: 'Back to “tea”' })).toBeTruthy();
    await userEvent.click(screen.getByRole('button', { name: 'Make a fresh room' }));
    expect(location.pathname).toMatch(/^\/rooms\/[a-z]+-[a-z]+-\d+$/);
  });

  it('turns dark and light', async () => {
    render(<App support={() => ({ kind: 'full' })} />);
    await userEvent.click(screen.getByRole('button', { name: 'Dark colours' }));
    expect(document.documentElement.dataset['theme']).toBe('dark');
    await userEvent.click(screen.getByRole('button', { name: 'Light colours' }));
    expect(document.documentElement.dataset['theme']).toBe('light');
  });

  it('is not shown to a browser that cannot take part', () => {
    render(<App support={() => none} />);
    expect(screen.getByRole('heading', { name: none.title })).toBeTruthy();
    expect(screen.getByText('Take another.')).toBeTruthy();
  });
});
