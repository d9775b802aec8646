import { ServiceError } from '@temporalio/client';
import { DomainError } from '../contracts/problems.ts';
import { isDatabaseAway } from '../domain/shared/transient-database.ts';

/**
 * A failure that says nothing of the event: Temporal or the database is away. Tried again for as long as it takes; so what
 * fails the same each time (a row that is not there, a key that is taken) must be none, else it would hold up all after it;
 * nor what waits for a person (`waitedFor` of contracts/problems.ts), which has an end.
 */
export function isTransientFailure(error: unknown): boolean {
  if (error instanceof DomainError) return error.code === 'unavailable';
  if (error instanceof ServiceError) return true;
  return isDatabaseAway(error);
}
