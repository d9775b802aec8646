import type { Pipeline } from '../../prisma/generated/client.ts';
import type { Db } from '../shared/db.ts';

/** The merge request that a pipeline runs for, as far as its plan asks; null for a run of another cause. */
export async function mergeRequestOfRun(
  db: Db,
  run: Pick<Pipeline, 'projectId' | 'changeId' | 'commitSha' | 'trigger'>,
): Promise<{ targetBranch: string; baseSha: string | null } | null> {
  const { projectId, changeId, commitSha, trigger } = run;
  if (trigger !== 'mr' || commitSha === null) return null;
  return db.mergeRequest.findFirst({
    where: { projectId, changeId, headSha: commitSha },
    select: { targetBranch: true, baseSha: true },
    orderBy: { id: 'desc' },
  });
}
