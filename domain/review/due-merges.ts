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
  const waiting = await db.mergeRequest.findMany({
    where: { ...where, status: 'open', autoMergeStyle: { not: null } },
    select: { id: true },
  });
  if (waiting.length === 0) return;
  // By the clock that `claimDueMerges` asks, and in whole milliseconds, so that `release` knows the time again.
  await db.$executeRaw`
    UPDATE merge_requests
    SET auto_merge_due_at = date_trunc('milliseconds', clock_timestamp()), auto_merge_tries = 0
    WHERE id = ANY(${waiting.map(({ id }) => id)}::text[]) AND status = 'open' AND auto_merge_style IS NOT NULL`;
  await db.$executeRaw`SELECT pg_notify(${dueMergesChannel}, '')`;
}

/** An automatic merge that one process tries now. */
export interface DueMerge {
  id: string;
  /** when it fell due: due once more meanwhile, it is tried again */
  dueAt: Date;
  tries: number;
}

/**
 * Takes automatic merges that are due, those of each owner one at a time, and the owners in turn: whoever was served longest
 * ago is next, of each what waits longest. Nobody waits for the long merges of others, nor for how many they have.
 */
export async function claimDueMerges(db: PrismaClient, limit: number): Promise<DueMerge[]> {
  return await inTransaction(db, async (tx) => {
    await tx.$executeRaw`SELECT pg_advisory_xact_lock(hashtextextended('slipway:due-merges', 0))`;
    return await tx.$queryRaw<DueMerge[]>`
      WITH first AS (
        SELECT DISTINCT ON (p.owner_id) m.id, m.auto_merge_due_at AS due_at, p.owner_id
        FROM merge_requests m JOIN projects p ON p.id = m.project_id
        WHERE m.auto_merge_due_at <= clock_timestamp()
          AND NOT EXISTS (
            SELECT FROM merge_requests o JOIN projects q ON q.id = o.project_id
            WHERE q.owner_id = p.owner_id AND o.auto_merge_held_until > clock_timestamp())
        ORDER BY p.owner_id, m.auto_merge_due_at, m.id
      ), chosen AS (
        SELECT first.id, first.owner_id FROM first LEFT JOIN merge_turns t USING (owner_id)
        ORDER BY t.served_at NULLS FIRST, first.due_at, first.id LIMIT ${limit}
      ), served AS (
        INSERT INTO merge_turns (owner_id, served_at) SELECT owner_id, clock_timestamp() FROM chosen
        ON CONFLICT (owner_id) DO UPDATE SET served_at = excluded.served_at
      )
      UPDATE merge_requests m
      SET auto_merge_held_until = clock_timestamp() + make_interval(secs => ${heldSeconds}::int)
      FROM chosen WHERE m.id = chosen.id
      RETURNING m.id, m.auto_merge_due_at AS "dueAt", m.auto_merge_tries AS tries`;
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
  await db.$executeRaw`
    UPDATE merge_requests
    SET auto_merge_tries = ${due.tries + 1}::int,
      auto_merge_due_at = date_trunc('milliseconds', clock_timestamp()) + make_interval(secs => ${waitSeconds}::int)
    WHERE id = ${due.id} AND auto_merge_due_at = ${due.dueAt}::timestamptz`;
  await db.mergeRequest.updateMany({ where: { id: due.id }, data: { autoMergeHeldUntil: null } });
}
