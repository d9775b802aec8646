import { ServiceError } from '@temporalio/client';
import { DomainError } from '../contracts/problems.ts';

const transient = new Set(['unavailable', 'timed_out', 'sealed', 'disk_full']);

/** A failure that says nothing of the event: Temporal or the database is away. Tried again for as long as it takes. */
export function isTransientFailure(error: unknown): boolean {
  if (error instanceof DomainError) return transient.has(error.code);
  if (error instanceof ServiceError) return true;
  return error instanceof Error && /^Prisma|ECONN|connect/.test(`${error.name} ${error.message}`);
}
