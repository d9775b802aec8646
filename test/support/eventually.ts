/**
 * How long to rest before one asks again. Whoever has waited for seconds need not know at once: an answer of the product
 * takes 5 ms of a processor, and three files of tests ask at the same time.
 */
const restAfter = (waitedMs: number) => Math.min(150, Math.max(50, waitedMs / 20));

/**
 * Asks until the answer is defined, every 50 ms, and every 150 after some seconds. Fails with the last error when time is
 * up: long after a loaded machine would have answered.
 */
export async function eventually<T>(
  ask: () => Promise<T | undefined>,
  timeoutMs = 60_000,
): Promise<T> {
  const begun = Date.now();
  let last: unknown = new Error('no answer yet');
  while (Date.now() - begun < timeoutMs) {
    try {
      const answer = await ask();
      if (answer !== undefined) return answer;
    } catch (error) {
      last = error;
    }
    await new Promise((resolve) => setTimeout(resolve, restAfter(Date.now() - begun)));
  }
  throw new Error(
    `nothing within ${String(timeoutMs)} ms: ${last instanceof Error ? last.message : String(last)}`,
  );
}

/** Waits until nothing in `check` throws any more: for expectations on what comes by itself. */
export async function holds(check: () => void | Promise<void>, timeoutMs = 60_000): Promise<void> {
  await eventually(async () => {
    await check();
    return true;
  }, timeoutMs);
}
