import { codesOf } from './tx.ts';

/**
 * Codes that tell of the way to the database, or of what else was at work in it: Prisma's for connections, pools, time and
 * conflicts, Postgres' classes for the same (08, 40, 53, 55, 57, 58), and the system's.
 */
const transientCode =
  /^(P1\d{3}|P20(24|28|34|36|37)|(08|40|53|55|57|58)\w{3}|E(CONN\w+|PIPE|TIMEDOUT|HOSTUNREACH|NOTFOUND))$/;
/** Errors of a statement that the database, or Prisma before it, has understood and refused. */
const refusals = new Set(['PrismaClientKnownRequestError', 'PrismaClientValidationError']);

/** Whether a failure tells of the database being away, and of nothing that was asked of it. */
export function isDatabaseAway(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  for (const code of codesOf(error)) if (transientCode.test(code)) return true;
  if (refusals.has(error.name)) return false;
  return /^PrismaClientInit|ECONN|connect/i.test(`${error.name} ${error.message}`);
}
