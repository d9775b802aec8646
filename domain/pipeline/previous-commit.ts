import type { RefUpdate } from '../../contracts/event/types.ts';
import type { Pipeline } from '../../prisma/generated/client.ts';
import type { Db } from '../shared/db.ts';

const zeros = /^0+$/;

/** The commit that the run's ref stood at before the push that caused it; null for a new ref and for other causes. */
export async function previousCommit(
  db: Db,
  run: Pick<Pipeline, 'changeId' | 'commitSha' | 'gitRef' | 'projectId' | 'trigger'>,
): Promise<string | null> {
  if (run.trigger !== 'push') return null;
  // A change has a push for its branch and one for its merge.
  const pushes = await db.push.findMany({
    where: { projectId: run.projectId, changeId: run.changeId },
    orderBy: { id: 'desc' },
  });
  const updates = pushes.flatMap((push) => push.updates as unknown as RefUpdate[]);
  const before = updates.find(
    (update) => update.ref === run.gitRef && update.newSha === run.commitSha,
  )?.oldSha;
  return before === undefined || zeros.test(before) ? null : before;
}
