import { ApplicationFailure } from '@temporalio/activity';
import { DomainError } from '../contracts/problems.ts';
import { refusalOfDatabase } from '../domain/shared/database-refusal.ts';
import { currentTry, isWaitedFor, type Patience, usualPatience, waitAfter } from './patience.ts';

/**
 * Lets a DomainError reach the workflow as a failure of the same code, and what the database can never take as one that is
 * final: tried again it would be refused again, for ever. What a further attempt may find gone is tried again: `unavailable`
 * as the workflow says, the rest each time later (patience.ts). Anything else stays as it is and is retried.
 */
export function translating<A extends unknown[], R>(
  work: (...args: A) => Promise<R>,
  patience: Patience = usualPatience,
): (...args: A) => Promise<R> {
  return async (...args) => {
    try {
      return await work(...args);
    } catch (error) {
      const refusal = refusalOfDatabase(error);
      if (refusal !== null) throw ApplicationFailure.nonRetryable(refusal, 'unprocessable');
      if (!(error instanceof DomainError)) throw error;
      throw ApplicationFailure.create({
        message: error.message,
        type: error.code,
        nonRetryable: !isWaitedFor(error) && error.code !== 'unavailable',
        cause: error,
        ...(isWaitedFor(error) ? { nextRetryDelay: waitAfter(currentTry(), patience) } : {}),
      });
    }
  };
}
