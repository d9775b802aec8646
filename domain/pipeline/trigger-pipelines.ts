import type { EventRecord, GitPushedPayload } from '../../contracts/event/types.ts';
import type { PrismaClient } from '../../prisma/generated/client.ts';
import { createPipeline } from './create-pipeline.ts';
import { startsRun } from './definition/plan-pipeline.ts';
import type { RepositoryReader } from './repository-reader.ts';

/** A run to start, with what its summary says. */
export interface TriggeredPipeline {
  pipelineId: string;
  projectId: string;
  changeId: string;
}

const zeros = /^0+$/;
/** A push of more refs than this (a mirror, an import) starts no pipelines beyond the first ones. */
const MAX_REFS = 20;

/**
 * Makes a pending run for each branch and tag that a push moved and whose commit has a `.platform.yaml` that wants it.
 * A definition with faults makes a run too, which fails with the faults: silence would hide them. Idempotent by push and ref.
 */
export async function triggerPipelinesForPush(
  db: PrismaClient,
  repositories: Pick<RepositoryReader, 'definition' | 'commitTitle'>,
  event: EventRecord,
): Promise<TriggeredPipeline[]> {
  const push = event.payload as unknown as GitPushedPayload;
  const { projectId, changeId } = event;
  if (projectId === null || changeId === null) return [];
  const project = await db.project.findUnique({ where: { id: projectId } });
  if (project?.repoPath == null) return [];
  const moved = push.updates.filter(
    (update) => /^refs\/(heads|tags)\//.test(update.ref) && !zeros.test(update.newSha),
  );
  const triggered: TriggeredPipeline[] = [];
  for (const { ref, newSha } of moved.slice(0, MAX_REFS)) {
    const [parsed, commitTitle] = await Promise.all([
      repositories.definition(project.repoPath, newSha),
      repositories.commitTitle(project.repoPath, newSha),
    ]);
    if (parsed === null) continue;
    if (parsed.ok && !startsRun(parsed.definition, { trigger: 'push', gitRef: ref })) continue;
    const { id } = await createPipeline(db, {
      projectId,
      changeId,
      trigger: 'push',
      gitRef: ref,
      commitSha: newSha,
      commitTitle,
      triggeredBy: push.pusherId,
      dedupeKey: `push:${push.pushId}:${ref}`,
      traceparent: event.traceparent,
    });
    triggered.push({ pipelineId: id, projectId, changeId });
  }
  return triggered;
}
