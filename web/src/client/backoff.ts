/** The first wait, ms: about as long as a server takes to restart its sockets. */
export const RETRY_MS_FIRST = 500;
/** The longest wait, ms: a person still looks at the page after it. */
export const RETRY_MS_MAX = 15_000;
/** Share of each wait that is drawn at random, so that a room's clients do not come back as one wave. */
const JITTER = 0.4;

/** How long to wait before `attempt` (from 1), ms; `random` is in [0, 1). */
export function retryDelayMs(attempt: number, random: number): number {
  const full = Math.min(RETRY_MS_MAX, RETRY_MS_FIRST * 2 ** (attempt - 1));
  return Math.round(full * (1 - JITTER * random));
}
