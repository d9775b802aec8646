import type { Pipeline } from '../../prisma/generated/client.ts';
import { mergeRequestOfRun } from '../pipeline/run-key.ts';
import type { Db } from '../shared/db.ts';

/** What the merge request of a run goes into, as far as its plan asks; null for a run of another cause, or of a head that was pushed over. */
export async function targetOfRun(
  db: Db,
  run: Pick<Pipeline, 'trigger' | 'dedupeKey'>,
): Promise<{ targetBranch: string; baseSha: string | null } | null> {
  const built = mergeRequestOfRun(run);
  if (built === null) return null;
  return await db.mergeRequest.findFirst({
    where: built,
    select: { targetBranch: true, baseSha: true },
  });
}
