/** Asks until the answer is defined, every 50 ms. Fails with the last error when time is up. */
export async function eventually<T>(
  ask: () => Promise<T | undefined>,
  timeoutMs = 20_000,
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
