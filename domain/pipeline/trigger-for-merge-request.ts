import type { EventRecord } from '../../contracts/event/types.ts';
import type { PrismaClient } from '../../prisma/generated/client.ts';
import { createPipeline } from './create-pipeline.ts';
import { startsRun } from './definition/plan-pipeline.ts';
import { mergeRequestRunKey } from './merge-request-run.ts';
import type { RepositoryReader } from './repository-reader.ts';

/**
 * Makes a pending run for the head that an event of a merge request tells of (`mr.created`, `mr.updated`), when its
 * `.platform.yaml` wants one. Idempotent by merge request and head.
 */
export async function triggerPipelineForMergeRequest(
  db: PrismaClient,
  repositories: Pick<RepositoryReader, 'definition' | 'commitTitle'>,
  event: EventRecord,
): Promise<void> {
  const { projectId, changeId, subjectId, actorId } = event;
  const { headSha, sourceBranch } = event.payload as { headSha: string; sourceBranch: string };
  if (projectId === null || changeId === null || subjectId === null) return;
  const project = await db.project.findUnique({ where: { id: projectId } });
  if (project?.repoPath == null) return;
  const parsed = await repositories.definition(project.repoPath, headSha);
  if (parsed === null) return;
  const gitRef = `refs/heads/${sourceBranch}`;
  if (parsed.ok && !startsRun(parsed.definition, { trigger: 'mr', gitRef })) return;
  await createPipeline(db, {
    projectId,
    changeId,
    trigger: 'mr',
    gitRef,
    commitSha: headSha,
    commitTitle: await repositories.commitTitle(project.repoPath, headSha),
    triggeredBy: actorId,
    dedupeKey: mergeRequestRunKey({ id: subjectId, headSha }),
    traceparent: event.traceparent,
  });
}
