import { ApplicationFailure, Context } from '@temporalio/activity';
import { DomainError, waitedFor } from '../contracts/problems.ts';

/** How often something is tried, and how long is waited after the first time, in ms. */
export interface Patience {
  tries: number;
  firstWaitMs: number;
}

/** Four minutes in all. */
export const usualPatience: Patience = { tries: 10, firstWaitMs: 1000 };
const longestWaitMs = 60_000;
/** Of what has no end, for it must be done: removing, observing. */
const longestWaitWithoutEndMs = 10 * 60_000;

/** Whether it is waited for, ever longer. */
export function isWaitedFor(error: unknown): boolean {
  return error instanceof DomainError && waitedFor.has(error.code);
}

/** How long is waited after a try, in ms: twice as long each time, up to a minute; of what has no end up to ten. */
export function waitAfter(attempt: number, { tries, firstWaitMs }: Patience): number {
  const waitMs = firstWaitMs * 2 ** Math.min(attempt - 1, 30);
  if (attempt < tries) return Math.min(waitMs, longestWaitMs);
  return Math.min(
    waitMs,
    longestWaitMs * 2 ** Math.min(attempt - tries + 1, 10),
    longestWaitWithoutEndMs,
  );
}

/** How often the activity was begun, with this time. */
export function currentTry(): number {
  return Context.current().info.attempt;
}

/**
 * Ends what is waited for, saying what it waited for and how often it was tried.
 * @throws ApplicationFailure that is final after the last try; what `work` throws
 */
export async function waitingAtMost<T>(
  work: () => Promise<T>,
  { tries }: Patience = usualPatience,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof DomainError) || !isWaitedFor(error) || currentTry() < tries) throw error;
    throw ApplicationFailure.nonRetryable(afterTries(error.message, tries), error.code);
  }
}

/** What is said of that which ended after so many tries. */
export function afterTries(message: string, tries: number): string {
  return `${message} It was tried ${String(tries)} times.`;
}
