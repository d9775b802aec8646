import { setTimeout as sleep } from 'node:timers/promises';
import { DomainError } from '../../contracts/problems.ts';
import { refusalOfDatabase } from '../../domain/shared/database-refusal.ts';

export interface Patience {
  /** how long it is tried again, ms; one minute unless told, as for output */
  patienceMs?: number;
  /** between two tries, ms */
  pauseMs?: (tries: number) => number;
}

/**
 * Does what has to be done once a command has ended, and tries again while the database is away: an error would begin the
 * whole step anew. What another try would not change is thrown at once.
 * @param work may be done twice: a try whose answer was lost may have been kept
 */
export async function withPatience<T>(
  work: () => Promise<T>,
  { patienceMs = 60_000, pauseMs = (tries) => Math.min(1000, 50 * 2 ** tries) }: Patience = {},
): Promise<T> {
  const deadline = performance.now() + patienceMs;
  for (let tries = 0; ; tries += 1) {
    try {
      return await work();
    } catch (error) {
      const isFinal = error instanceof DomainError || refusalOfDatabase(error) !== null;
      if (isFinal || performance.now() > deadline) throw error;
      await sleep(pauseMs(tries));
    }
  }
}

/** Keeps a record that the step can do without: where it is lost the log says so, and the step's end stands. */
export async function keepOrSay(
  what: string,
  work: () => Promise<unknown>,
  note: (line: string) => Promise<void>,
  patience: Patience = { patienceMs: 20_000 },
): Promise<void> {
  try {
    await withPatience(work, patience);
  } catch (error) {
    const why = refusalOfDatabase(error) ?? 'the database did not take it';
    await note(`[slipway] ${what} could not be recorded: ${why}`);
  }
}
