import type { Prisma, PrismaClient } from '../../prisma/generated/client.ts';
import type { PipelineTrigger } from '../../contracts/pipeline/types.ts';
import { publishEvent } from '../event/publish-event.ts';
import { type CredentialLimits, storableLimits } from '../identity/credential-limits.ts';
import { makersOfCommit } from '../review/makers-of-commit.ts';
import { newId } from '../shared/new-id.ts';
import { originOf } from '../shared/origin.ts';
import { inTransaction } from '../shared/tx.ts';

export interface CreatePipelineOptions {
  projectId: string;
  changeId: string;
  trigger: PipelineTrigger;
  /** full ref: refs/heads/main */
  gitRef: string;
  /** null where the ref leads to none */
  commitSha: string | null;
  commitTitle: string | null;
  triggeredBy: string | null;
  /** of the credential that asked for it; null when nobody knows */
  triggeredLimits: CredentialLimits | null;
  /** whose work it is besides, inherited from the run that this one repeats; the makers of the commit are added */
  originIds?: readonly string[];
  /** of a merge request's run: what it goes into, and where its head parts from that; absent for other causes */
  targetBranch?: string | null;
  targetBaseSha?: string | null;
  /** the same key never makes two runs; null = always a new one */
  dedupeKey: string | null;
  /** why it is not to run; absent: it is */
  skipped?: string;
  traceparent: string | null;
}

export interface CreatedPipeline {
  id: string;
  number: number;
  /** false when the key had made it before */
  created: boolean;
}

/**
 * Adds a pending run with the project's next number, and its `pipeline.created` event that starts it. One that is not to run
 * gets its number and its row alone, with `pipeline.skipped`.
 */
export async function createPipeline(
  db: PrismaClient,
  options: CreatePipelineOptions,
): Promise<CreatedPipeline> {
  return await inTransaction(db, (tx) => createPipelineIn(tx, options));
}

/** The same within a transaction that writes more, such as the audit row of the request. */
export async function createPipelineIn(
  tx: Prisma.TransactionClient,
  options: CreatePipelineOptions,
): Promise<CreatedPipeline> {
  const { traceparent, skipped, triggeredLimits: limits, ...row } = options;
  // The counter's row lock comes first: two deliveries of one cause then see each other's run.
  const project = await tx.project.update({
    where: { id: row.projectId },
    data: { nextPipelineNumber: { increment: 1 } },
    select: { nextPipelineNumber: true },
  });
  if (row.dedupeKey !== null) {
    const earlier = await tx.pipeline.findUnique({
      where: { dedupeKey: row.dedupeKey },
      select: { id: true, number: true },
    });
    if (earlier !== null) {
      await tx.project.update({
        where: { id: row.projectId },
        data: { nextPipelineNumber: { decrement: 1 } },
      });
      return { ...earlier, created: false };
    }
  }
  const id = newId('pipeline');
  const number = project.nextPipelineNumber;
  const makers = await makersOfCommit(tx, row.projectId, row.commitSha);
  const originIds = originOf({ by: null, originIds: [...(row.originIds ?? []), ...makers] });
  const status = skipped === undefined ? {} : { status: 'skipped', error: skipped };
  const finishedAt = skipped === undefined ? null : new Date();
  const triggeredLimits = storableLimits(limits);
  await tx.pipeline.create({
    data: { id, number, ...row, ...status, finishedAt, originIds, triggeredLimits },
  });
  await tellOfPipeline(tx, options, { id, number });
  return { id, number, created: true };
}

async function tellOfPipeline(
  tx: Prisma.TransactionClient,
  options: CreatePipelineOptions,
  { id, number }: { id: string; number: number },
): Promise<void> {
  const { projectId, changeId, triggeredBy, trigger, gitRef, commitSha, skipped } = options;
  const name = `Pipeline #${String(number)}`;
  const payload = { number, trigger, gitRef, commitSha };
  const about = {
    ...{ projectId, changeId, actorId: triggeredBy, subjectId: id },
    traceparent: options.traceparent,
  };
  if (skipped === undefined) {
    const message = `${name} waits to start`;
    await publishEvent(tx, { type: 'pipeline.created', ...about, message, payload });
    return;
  }
  const message = `${name} does not run: ${skipped}`;
  const withReason = { ...payload, reason: skipped };
  await publishEvent(tx, { type: 'pipeline.skipped', ...about, message, payload: withReason });
}
