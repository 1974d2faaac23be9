// @vitest-environment happy-dom

import { render, screen } from '@testing-library/react';
import { lazy, Suspense, type ReactElement } from 'react';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { browserLike } from '../testing/setup.ts';
import { Fault } from './Fault.tsx';

browserLike();

function Thrower(): ReactElement {
  throw new Error('a fault');
}

describe('a fault', () => {
  beforeEach(() => {
    // React tells the console what the page tells the person.
    vi.spyOn(console, 'error').mockImplementation(() => undefined);
  });
  afterEach(() => vi.restoreAllMocks());

  it('in drawing leaves words and a way on, not a blank page', () => {
    render(
      <Fault>
        <Thrower />
      </Fault>,
    );
    expect(screen.getByRole('heading', { name: 'This page broke' })).toBeTruthy();
    expect(screen.getByRole('button', { name: 'Load it anew' })).toBeTruthy();
    expect(screen.getByRole('link', { name: 'Start page' })).toBeTruthy();
  });

  it('is also a part of the page that cannot be loaded', async () => {
    const Missing = lazy(() => Promise.reject<{ default: () => ReactElement }>(new Error('offline')));
    render(
      <Fault>
        <Suspense fallback="…">
          <Missing />
        </Suspense>
      </Fault>,
    );
    expect(await screen.findByRole('heading', { name: 'This page broke' })).toBeTruthy();
  });

  it('leaves a page alone that has none', () => {
    render(<Fault>fine</Fault>);
    expect(screen.getByText('fine')).toBeTruthy();
  });
});
