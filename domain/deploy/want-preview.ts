import { defaultPreviewTtlMs } from '../../contracts/deploy/preview.ts';
import type { DeployPlan, PipelinePlan } from '../../contracts/pipeline/types.ts';
import type { MergeRequest, Pipeline, Preview, Prisma } from '../../prisma/generated/client.ts';
import { mergeRequestOfRun } from '../pipeline/run-key.ts';
import type { Db } from '../shared/db.ts';
import { publishPreviewEvent } from './preview-event.ts';

/** The preview that a plan asks for, if its `when` lets it. */
export function previewOf(plan: PipelinePlan | null): DeployPlan | null {
  const wanted = plan?.deploy?.find((one) => one.environment === 'preview');
  return wanted?.skipReason === null ? wanted : null;
}

/** The open merge request whose head a run builds; null for a run of another cause, or of a head that was pushed over. */
async function openRequestOf(db: Db, run: Pipeline): Promise<MergeRequest | null> {
  const built = mergeRequestOfRun(run);
  if (built === null) return null;
  const row = await db.mergeRequest.findUnique({ where: { id: built.id } });
  return row?.status === 'open' && row.headSha === built.headSha ? row : null;
}

/**
 * What the plan of a merge request's run means for its preview, in the transaction that begins the run: one that it asks
 * for is wanted from now on, for its whole time again; one that it asks for no more ends.
 */
export async function wantPreview(
  tx: Prisma.TransactionClient,
  run: Pipeline,
  plan: PipelinePlan,
): Promise<void> {
  const mergeRequest = await openRequestOf(tx, run);
  if (mergeRequest === null) return;
  const wanted = previewOf(plan);
  const known = await lockPreview(tx, mergeRequest.id);
  if (wanted === null && (known === null || known.status === 'gone')) return;
  const ttlSeconds = Math.ceil((wanted?.ttlMs ?? defaultPreviewTtlMs) / 1000);
  if (wanted === null) {
    await tx.preview.update({
      where: { mergeRequestId: mergeRequest.id },
      data: { stopReason: 'unwanted' },
    });
  } else if (known === null) {
    const { id: mergeRequestId, projectId } = mergeRequest;
    const expiresAt = new Date(Date.now() + ttlSeconds * 1000);
    await tx.preview.create({ data: { mergeRequestId, projectId, ttlSeconds, expiresAt } });
  } else {
    await renew(tx, { ...known, ttlSeconds });
  }
  await publishPreviewEvent(tx, mergeRequest, {
    type: 'preview.requested',
    message: `!${String(mergeRequest.number)} wants ${wanted === null ? 'no preview any more' : 'a preview'}`,
    actorId: run.triggeredBy,
    payload: { cause: wanted === null ? 'unwanted' : 'pushed' },
  });
}

/** The preview of a merge request, locked until the transaction ends. */
export async function lockPreview(
  tx: Prisma.TransactionClient,
  mergeRequestId: string,
): Promise<Preview | null> {
  await tx.$queryRaw`SELECT status FROM previews WHERE merge_request_id = ${mergeRequestId} FOR UPDATE`;
  return await tx.preview.findUnique({ where: { mergeRequestId } });
}

/** Wants it from now on for its whole time, also when it was stopped or is gone. */
export async function renew(tx: Prisma.TransactionClient, preview: Preview): Promise<Preview> {
  const { mergeRequestId, ttlSeconds, status } = preview;
  return await tx.preview.update({
    where: { mergeRequestId },
    data: {
      ttlSeconds,
      stopReason: null,
      expiresAt: new Date(Date.now() + ttlSeconds * 1000),
      ...(status === 'gone' ? { status: 'waiting', endReason: null, endedAt: null } : {}),
    },
  });
}
