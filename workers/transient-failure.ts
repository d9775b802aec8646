import { ServiceError } from '@temporalio/client';
import { DomainError } from '../contracts/problems.ts';
import { codesOf } from '../domain/shared/tx.ts';

const transient = new Set(['unavailable', 'timed_out', 'sealed', 'disk_full']);

/**
 * Codes that tell of the way to the database, or of what else was at work in it: Prisma's for connections, pools, time and
 * conflicts, Postgres' classes for the same (08, 40, 53, 55, 57, 58), and the system's.
 */
const transientCode =
  /^(P1\d{3}|P20(24|28|34|36|37)|(08|40|53|55|57|58)\w{3}|E(CONN\w+|PIPE|TIMEDOUT|HOSTUNREACH|NOTFOUND))$/;
/** Errors of a statement that the database, or Prisma before it, has understood and refused. */
const refusals = new Set(['PrismaClientKnownRequestError', 'PrismaClientValidationError']);

/**
 * A failure that says nothing of the event: Temporal or the database is away. Tried again for as long as it takes; so what
 * fails the same each time (a row that is not there, a key that is taken) must be none, else it would hold up all after it.
 */
export function isTransientFailure(error: unknown): boolean {
  if (error instanceof DomainError) return transient.has(error.code);
  if (error instanceof ServiceError) return true;
  if (!(error instanceof Error)) return false;
  for (const code of codesOf(error)) if (transientCode.test(code)) return true;
  if (refusals.has(error.name)) return false;
  return /^PrismaClientInit|ECONN|connect/i.test(`${error.name} ${error.message}`);
}
