// @vitest-environment happy-dom
import { render, screen } from '@testing-library/react';
import { userEvent } from '@testing-library/user-event';
import { StrictMode } from 'react';
import { beforeEach, expect, it, vi } from 'vitest';
import { ProblemError, type Admission } from '../../client/index.ts';
import InvitePage from './InvitePage.tsx';

beforeEach(() => {
  sessionStorage.clear();
  history.replaceState(null, '', '/i#abc');
});

it('goes on to the room with the token, and uses the invitation once', async () => {
  const exchange = vi.fn(() => Promise.resolve<Admission>({ room: 'tea time', token: 'a.b.c' }));
  render(
    <StrictMode>
      <InvitePage code="abc" exchange={exchange} />
    </StrictMode>,
  );
  await vi.waitFor(() => expect(location.pathname).toBe('/rooms/tea%20time'));
  expect(exchange).toHaveBeenCalledTimes(1);
  expect(location.hash).toBe('');
  expect(sessionStorage.getItem('token tea time')).toBe('a.b.c');
});

it('says why an invitation is none, and what to do', async () => {
  const used = new ProblemError(
    { title: 'The invitation has been used', detail: '', status: 410 },
    'permanent',
  );
  render(<InvitePage code="abc" exchange={() => Promise.reject(used)} />);
  expect(await screen.findByRole('heading', { name: 'The invitation has been used' })).toBeTruthy();
  expect(screen.getByText('Ask whoever invited you for a new link.')).toBeTruthy();
  expect(screen.queryByText('Try again')).toBeNull();
});

it('tries again what may pass', async () => {
  const away = new ProblemError({ title: 'The server cannot be reached', detail: 'Later.' }, 'temporary');
  const exchange = vi
    .fn<(code: string) => Promise<Admission>>()
    .mockRejectedValueOnce(away)
    .mockResolvedValueOnce({ room: 'tea', token: 'a.b.c' });
  render(<InvitePage code="abc" exchange={exchange} />);
  await userEvent.click(await screen.findByText('Try again'));
  await vi.waitFor(() => expect(location.pathname).toBe('/rooms/tea'));
});
