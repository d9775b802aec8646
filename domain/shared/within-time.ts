/**
 * What does not come to an end within `limitMs` has failed; whatever it still does is what a repeated call may do, too.
 * @throws Error that names the limit; what `work` throws
 */
export async function withinTime(work: Promise<void>, limitMs: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const end = new Promise<never>((_, reject) => {
    const message = `it was not handled within ${String(limitMs / 1000)} s`;
    timer = setTimeout(() => reject(new Error(message)), limitMs);
  });
  try {
    await Promise.race([work, end]);
  } finally {
    clearTimeout(timer);
  }
}
