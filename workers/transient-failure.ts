import { ServiceError } from '@temporalio/client';
import { DomainError } from '../contracts/problems.ts';
import { isDatabaseAway } from '../domain/shared/transient-database.ts';

const transient = new Set(['unavailable', 'timed_out', 'sealed', 'disk_full']);

/**
 * A failure that says nothing of the event: Temporal or the database is away. Tried again for as long as it takes; so what
 * fails the same each time (a row that is not there, a key that is taken) must be none, else it would hold up all after it.
 */
export function isTransientFailure(error: unknown): boolean {
  if (error instanceof DomainError) return transient.has(error.code);
  if (error instanceof ServiceError) return true;
  return isDatabaseAway(error);
}
