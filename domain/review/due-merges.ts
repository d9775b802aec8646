import type { Prisma, PrismaClient } from '../../prisma/generated/client.ts';
import type { Db } from '../shared/db.ts';
import { inTransaction } from '../shared/tx.ts';
import { callOffAutoMerge, tryAutoMerge } from './auto-merge.ts';
import type { MergeDeps } from './merge-merge-request.ts';

/** NOTIFY on it says that automatic merges are due. */
export const dueMergesChannel = 'slipway_due_merges';

/** A claim whose process died is another's after this; a try takes less. */
const heldSeconds = 600;
/** Waits after failures in a row that say nothing of the merge request, in seconds; after the last it is called off. */
const retrySeconds = [5, 15, 60, 300, 900, 1800];

/**
 * Notes that something may have changed that these automatic merges are decided by. They are tried soon, each once however
 * often this is said until then: a try costs git's work, which holds up no event.
 */
export async function markMergesDue(db: Db, where: Prisma.MergeRequestWhereInput): Promise<void> {
  const { count } = await db.mergeRequest.updateMany({
    where: { ...where, status: 'open', autoMergeStyle: { not: null } },
    data: { autoMergeDueAt: new Date(), autoMergeTries: 0 },
  });
  if (count > 0) await db.$executeRaw`SELECT pg_notify(${dueMergesChannel}, '')`;
}

/** An automatic merge that one process tries now. */
export interface DueMerge {
  id: string;
  /** when it fell due: due once more meanwhile, it is tried again */
  dueAt: Date;
  tries: number;
}

/**
 * Takes automatic merges that are due, those of each owner one at a time and whoever waits longest first: nobody waits
 * for the long merges of others.
 */
export async function claimDueMerges(db: PrismaClient, limit: number): Promise<DueMerge[]> {
  return await inTransaction(db, async (tx) => {
    await tx.$executeRaw`SELECT pg_advisory_xact_lock(hashtextextended('slipway:due-merges', 0))`;
    return await tx.$queryRaw<DueMerge[]>`
      UPDATE merge_requests SET auto_merge_held_until = clock_timestamp() + make_interval(secs => ${heldSeconds}::int)
      WHERE id IN (
        SELECT id FROM (
          SELECT DISTINCT ON (p.owner_id) m.id, m.auto_merge_due_at
          FROM merge_requests m JOIN projects p ON p.id = m.project_id
          WHERE m.auto_merge_due_at <= clock_timestamp()
            AND NOT EXISTS (
              SELECT FROM merge_requests o JOIN projects q ON q.id = o.project_id
              WHERE q.owner_id = p.owner_id AND o.auto_merge_held_until > clock_timestamp())
          ORDER BY p.owner_id, m.auto_merge_due_at, m.id
        ) AS first ORDER BY auto_merge_due_at, id LIMIT ${limit})
      RETURNING id, auto_merge_due_at AS "dueAt", auto_merge_tries AS tries`;
  });
}

/** Ends a claim; what fell due meanwhile stays so. */
async function release(db: Db, { id, dueAt }: DueMerge): Promise<void> {
  await db.mergeRequest.updateMany({
    where: { id, autoMergeDueAt: dueAt },
    data: { autoMergeDueAt: null },
  });
  await db.mergeRequest.updateMany({ where: { id }, data: { autoMergeHeldUntil: null } });
}

/**
 * Tries one that was claimed. A failure that says nothing of the merge request is tried again later, in growing steps, and
 * in the end called off with a remark.
 * @throws the failure, for the log; everything is noted by then
 */
export async function tryDueMerge(deps: MergeDeps, due: DueMerge): Promise<void> {
  try {
    await tryAutoMerge(deps, due.id, null);
  } catch (error) {
    await postpone(deps.db, due);
    throw error;
  }
  await release(deps.db, due);
}

async function postpone(db: PrismaClient, due: DueMerge): Promise<void> {
  const waitSeconds = retrySeconds[due.tries];
  if (waitSeconds === undefined) {
    await callOffAutoMerge(db, due.id, 'It could not be tried; the log of the server says why.');
    await release(db, due);
    return;
  }
  await db.mergeRequest.updateMany({
    where: { id: due.id, autoMergeDueAt: due.dueAt },
    data: {
      autoMergeDueAt: new Date(Date.now() + waitSeconds * 1000),
      autoMergeTries: due.tries + 1,
    },
  });
  await db.mergeRequest.updateMany({ where: { id: due.id }, data: { autoMergeHeldUntil: null } });
}
