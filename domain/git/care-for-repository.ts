import type { RepositoryCareAnswer } from '../../contracts/git/care.ts';
import type { Cancellation, GitStore } from '../../contracts/git/store.ts';
import type { Log } from '../../contracts/log.ts';
import type { PrismaClient } from '../../prisma/generated/client.ts';
import { repairHeads } from '../review/head-refs.ts';
import { repairRefs } from './repair-refs.ts';

export interface CareDeps {
  db: PrismaClient;
  gitStore: Pick<GitStore, 'care' | 'exists' | 'listRefs' | 'setHead' | 'setReservedRefs'>;
  log: Log;
}

/**
 * Looks after one repository: moves of refs without a record, refs of merge requests that are missing, leftovers of dead pushes, packing, and the objects
 * themselves when `fsck` is set. A project that went meanwhile needs nothing.
 */
export async function careForRepository(
  { db, gitStore, log }: CareDeps,
  projectId: string,
  options: { fsck: boolean; signal: Cancellation },
): Promise<RepositoryCareAnswer> {
  const project = await db.project.findUnique({ where: { id: projectId } });
  if (project?.repoPath == null) return { repairedRefs: 0, sweptQuarantines: 0, damaged: false };
  if (!(await gitStore.exists(project.repoPath))) {
    log.error({ projectId }, 'the repository of a project is missing');
    return { repairedRefs: 0, sweptQuarantines: 0, damaged: true };
  }
  const repairedRefs = await repairRefs(db, gitStore, projectId);
  if (repairedRefs > 0) log.warn({ projectId, repairedRefs }, 'refs had moved without a record');
  await repairHeads(db, gitStore, project);
  const report = await gitStore.care(project.repoPath, options);
  const problems = report.fsckProblems ?? [];
  if (problems.length > 0) log.error({ projectId, problems }, 'a repository is damaged');
  return {
    repairedRefs,
    sweptQuarantines: report.sweptQuarantines,
    damaged: problems.length > 0,
  };
}
