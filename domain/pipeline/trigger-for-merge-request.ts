import type { EventRecord } from '../../contracts/event/types.ts';
import type { PrismaClient } from '../../prisma/generated/client.ts';
import { limitsOfEvent } from '../event/limits-of-event.ts';
import { createPipeline } from './create-pipeline.ts';
import { startsRun } from './definition/plan-pipeline.ts';
import { mergeRequestRunKey } from './run-key.ts';
import type { RepositoryReader } from './repository-reader.ts';
import { skippedByMessage } from './skip-words.ts';

/**
 * Makes a pending run for the head that an event of a merge request tells of (`mr.created`, `mr.updated`), when its
 * `.platform.yaml` wants one; a skipped one when its message says so. Idempotent by merge request and head.
 */
export async function triggerPipelineForMergeRequest(
  db: PrismaClient,
  repositories: Pick<RepositoryReader, 'definition' | 'commitMessage'>,
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
  const message = await repositories.commitMessage(project.repoPath, headSha);
  const skipped = skippedByMessage(message ?? '');
  await createPipeline(db, {
    projectId,
    changeId,
    trigger: 'mr',
    gitRef,
    commitSha: headSha,
    commitTitle: message?.split('\n', 1)[0]?.slice(0, 200) ?? null,
    triggeredBy: actorId,
    triggeredLimits: await limitsOfEvent(db, event),
    dedupeKey: mergeRequestRunKey({ id: subjectId, headSha }),
    traceparent: event.traceparent,
    ...(skipped === null ? {} : { skipped }),
  });
}
