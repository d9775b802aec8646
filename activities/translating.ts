import { ApplicationFailure } from '@temporalio/activity';
import { DomainError } from '../contracts/problems.ts';
import { refusalOfDatabase } from '../domain/shared/database-refusal.ts';

/** Codes whose cause a further attempt may find gone. Every other DomainError is final. */
const transient = new Set(['unavailable', 'sealed', 'timed_out', 'disk_full', 'rate_limited']);

/**
 * Lets a DomainError reach the workflow as a failure of the same code, and what the database can never take as one that is
 * final: tried again it would be refused again, for ever. Anything else stays as it is and is retried.
 */
export function translating<A extends unknown[], R>(
  work: (...args: A) => Promise<R>,
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
        nonRetryable: !transient.has(error.code),
        cause: error,
      });
    }
  };
}
