/**
 * Asks until the answer is defined, every 50 ms. Fails with the last error when time is up: long after a loaded machine
 * would have answered.
 */
export async function eventually<T>(
  ask: () => Promise<T | undefined>,
  timeoutMs = 60_000,
): Promise<T> {
  const end = Date.now() + timeoutMs;
  let last: unknown = new Error('no answer yet');
  while (Date.now() < end) {
    try {
      const answer = await ask();
      if (answer !== undefined) return answer;
    } catch (error) {
      last = error;
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
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
