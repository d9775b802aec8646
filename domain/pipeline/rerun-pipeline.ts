import type { Caller } from '../../contracts/identity/principal.ts';
import type { PipelineTrigger } from '../../contracts/pipeline/types.ts';
import { DomainError } from '../../contracts/problems.ts';
import type { PrismaClient } from '../../prisma/generated/client.ts';
import { writeAudit } from '../audit/write-audit.ts';
import { limitsOf } from '../identity/credential-limits.ts';
import { originOf } from '../shared/origin.ts';
import { inTransaction } from '../shared/tx.ts';
import { createPipelineIn, type CreatedPipeline } from './create-pipeline.ts';
import { rerunKeyOf } from './run-key.ts';

/**
 * Runs the commit of an ended run again, as a new run of the same change. The old one stays as it is. One of a push
 * or a merge request stays one of it: the same steps, and its preview when it is green. It stays the work of whoever
 * asked first.
 */
export async function rerunPipeline(
  db: PrismaClient,
  caller: Caller,
  pipelineId: string,
): Promise<CreatedPipeline> {
  return await inTransaction(db, async (tx) => {
    const earlier = await tx.pipeline.findUnique({ where: { id: pipelineId } });
    if (earlier?.commitSha == null)
      throw new DomainError('not_found', 'There is no such pipeline.');
    if (earlier.status === 'pending' || earlier.status === 'running') {
      throw new DomainError(
        'illegal_transition',
        `Pipeline #${String(earlier.number)} has not ended yet.`,
      );
    }
    const dedupeKey = rerunKeyOf(earlier);
    const created = await createPipelineIn(tx, {
      projectId: earlier.projectId,
      changeId: earlier.changeId,
      trigger: dedupeKey === null ? 'api' : (earlier.trigger as PipelineTrigger),
      gitRef: earlier.gitRef,
      commitSha: earlier.commitSha,
      commitTitle: earlier.commitTitle,
      triggeredBy: caller.principal.userId,
      triggeredLimits: limitsOf(caller.principal),
      originIds: originOf({ by: earlier.triggeredBy, originIds: earlier.originIds }),
      targetBranch: earlier.targetBranch,
      targetBaseSha: earlier.targetBaseSha,
      dedupeKey,
      traceparent: caller.request.traceparent,
    });
    await writeAudit(tx, caller, {
      action: 'pipeline.started',
      resource: 'pipeline',
      resourceId: created.id,
      projectId: earlier.projectId,
      detail: { number: created.number, rerunOf: earlier.id },
    });
    return created;
  });
}
