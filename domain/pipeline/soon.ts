import { setTimeout as sleep } from 'node:timers/promises';

/** How long others are kept waiting while a definition is read, in ms. */
const patienceMs = 500;
/** Put off so often, it is waited for: what never comes to an end is then given up like any other event. */
const maxRounds = 100;

/** What is said of that whose turn comes again. */
export const later = Symbol('later');

/**
 * Waits for what is read of a stranger's repository only as long as the events of others can be asked to wait; it goes on
 * being read meanwhile.
 * @param round how often it was put off; after the hundredth time it is waited for
 * @returns what was read; `later` where that takes longer
 */
export async function soon<T>(reading: Promise<T>, round: number): Promise<T | typeof later> {
  if (round >= maxRounds) return await reading;
  const given = new AbortController();
  try {
    const late = sleep(patienceMs, later, { signal: given.signal });
    late.catch(() => undefined);
    return await Promise.race([reading, late]);
  } finally {
    given.abort();
  }
}
