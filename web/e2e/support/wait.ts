export const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** How long something that must come may take on a machine that does much else, ms; a test fails no faster for it. */
export const PATIENCE_MS = 30_000;

/** Asks until the answer satisfies; fails with the last answer when the time is up. */
export async function eventually<T>(
  what: string,
  ask: () => Promise<T> | T,
  enough: (answer: T) => boolean,
  withinMs = PATIENCE_MS,
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

/** Waits until a count has not grown for `ms`. */
export async function comesToRest(what: string, count: () => Promise<number>, ms: number): Promise<void> {
  await eventually(
    `${what} come to rest`,
    async () => {
      const before = await count();
      await sleep(ms);
      return (await count()) - before;
    },
    (more) => more === 0,
  );
}
