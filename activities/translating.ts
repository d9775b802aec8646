import { ApplicationFailure } from '@temporalio/activity';
import { DomainError } from '../contracts/problems.ts';

/** Codes whose cause a further attempt may find gone. Every other DomainError is final. */
const transient = new Set(['unavailable', 'sealed', 'timed_out', 'disk_full', 'rate_limited']);

/** Lets a DomainError reach the workflow as a failure of the same code; anything else stays as it is and is retried. */
export function translating<A extends unknown[], R>(
  work: (...args: A) => Promise<R>,
): (...args: A) => Promise<R> {
  return async (...args) => {
    try {
      return await work(...args);
    } catch (error) {
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
