export const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Asks until the answer satisfies; fails with the last answer when the time is up. */
export async function eventually<T>(
  what: string,
  ask: () => Promise<T> | T,
  enough: (answer: T) => boolean,
  withinMs = 10_000,
): Promise<T> {
  const deadline = Date.now() + withinMs;
  for (;;) {
    const answer = await ask();
    if (enough(answer)) return answer;
    if (Date.now() > deadline) {
      throw new Error(`${what}: not within ${withinMs} ms; the last answer was ${JSON.stringify(answer)}`);
    }
    await sleep(50);
  }
}
