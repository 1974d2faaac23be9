import { ProblemError, problemFromError, problemFromResponse } from './problem.ts';

/** What an invitation is exchanged for. */
export interface Admission {
  readonly room: string;
  readonly token: string;
}

/** How long the server may take, ms. */
const ANSWER_MS_MAX = 10_000;

/** Exchanges the code of an invitation for a token, which is one use of it. */
export async function exchangeInvite(code: string, server: URL, ask = fetch): Promise<Admission> {
  try {
    const response = await ask(new URL('/api/v1/invites/exchange', server), {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ code }),
      signal: AbortSignal.timeout(ANSWER_MS_MAX),
    });
    if (!response.ok) throw await problemFromResponse(response);
    return admission(await response.json());
  } catch (error) {
    throw problemFromError(error);
  }
}

function admission(answer: unknown): Admission {
  if (typeof answer === 'object' && answer !== null && 'room' in answer && 'token' in answer) {
    const { room, token } = answer;
    if (typeof room === 'string' && typeof token === 'string') return { room, token };
  }
  throw new ProblemError({ title: 'The server’s answer makes no sense', detail: '' }, 'permanent');
}
