import { describe as group, expect, it } from 'vitest';
import { problem } from '../testing/fake-server.ts';
import { describe, problemFromError, problemFromResponse } from './problem.ts';

group('problemFromResponse', () => {
  it('reads a problem document', async () => {
    const error = await problemFromResponse(problem(400, 'Broken SDP', 'Line 4 is no line.'));
    expect(describe(error.problem)).toBe('Broken SDP (400): Line 4 is no line.');
    expect(error.outlook).toBe('permanent');
  });

  it.each([
    [400, 'permanent'],
    [404, 'permanent'],
    [422, 'permanent'],
    [408, 'temporary'],
    [429, 'temporary'],
    [500, 'temporary'],
    [503, 'temporary'],
  ])('status %i is %s', async (status, outlook) => {
    expect((await problemFromResponse(new Response('', { status }))).outlook).toBe(outlook);
  });

  it('quotes a plain body and not an HTML page', async () => {
    const plain = await problemFromResponse(
      new Response('upstream is down', { status: 502, statusText: 'Bad Gateway' }),
    );
    expect(plain.problem).toEqual({ title: 'Bad Gateway', detail: 'upstream is down', status: 502 });
    const html = await problemFromResponse(new Response('<html><h1>502</h1>', { status: 502 }));
    expect(html.problem.detail).toBe('');
  });

  it('survives a document that is not what it says', async () => {
    for (const body of ['{', '[]', 'null', '{"title": 7}']) {
      const headers = { 'Content-Type': 'application/problem+json' };
      const error = await problemFromResponse(new Response(body, { status: 400, headers }));
      expect(error.problem.title).toBe('The server refused the request');
    }
  });

  it('does not cut the quote into the reader’s patience', async () => {
    const error = await problemFromResponse(new Response('x'.repeat(10_000), { status: 500 }));
    expect(error.problem.detail.length).toBeLessThanOrEqual(300);
  });
});

group('problemFromError', () => {
  it.each(['Failed to fetch', 'NetworkError when attempting to fetch resource.', 'Load failed'])(
    'knows an unreachable server by “%s”',
    (message) => {
      expect(problemFromError(new TypeError(message)).outlook).toBe('temporary');
    },
  );

  it('knows a slow server', () => {
    const error = problemFromError(new DOMException('signal timed out', 'TimeoutError'));
    expect(error.outlook).toBe('temporary');
  });

  it('keeps the words of anything else', () => {
    const error = problemFromError(new DOMException('Failed to parse SessionDescription', 'OperationError'));
    expect(error.problem.detail).toContain('SessionDescription');
    expect(error.outlook).toBe('permanent');
  });
});
