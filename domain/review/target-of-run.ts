import type { Pipeline } from '../../prisma/generated/client.ts';
import { mergeRequestOfRun } from '../pipeline/run-key.ts';
import type { Db } from '../shared/db.ts';

/**
 * What the merge request of a run goes into, as far as its plan asks: what it went into when the run was made, whatever it
 * goes into by now. Null for a run of another cause; of one of before that was kept also for a head that was pushed over.
 */
export async function targetOfRun(
  db: Db,
  run: Pick<Pipeline, 'trigger' | 'dedupeKey' | 'targetBranch' | 'targetBaseSha'>,
): Promise<{ targetBranch: string; baseSha: string | null } | null> {
  const built = mergeRequestOfRun(run);
  if (built === null) return null;
  const { targetBranch, targetBaseSha: baseSha } = run;
  if (targetBranch !== null) return { targetBranch, baseSha };
  return await db.mergeRequest.findFirst({
    where: built,
    select: { targetBranch: true, baseSha: true },
  });
}
