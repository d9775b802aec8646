import type { Caller } from '../../contracts/identity/principal.ts';
import { DomainError } from '../../contracts/problems.ts';
import type { MergeRequest, Preview, Prisma, PrismaClient } from '../../prisma/generated/client.ts';
import { writeAudit } from '../audit/write-audit.ts';
import type { PipelinePlan } from '../../contracts/pipeline/types.ts';
import { whereOfHead } from '../pipeline/run-key.ts';
import { inTransaction } from '../shared/tx.ts';
import { publishPreviewEvent } from './preview-event.ts';
import { lockPreview, renew, wantPreview } from './want-preview.ts';

type Command = 'stopped' | 'renewed';

async function command(
  db: PrismaClient,
  caller: Caller,
  input: { projectId: string; number: number },
  word: Command,
  change: (
    tx: Prisma.TransactionClient,
    preview: Preview,
    mergeRequest: MergeRequest,
  ) => Promise<unknown>,
): Promise<void> {
  await inTransaction(db, async (tx) => {
    const mergeRequest = await tx.mergeRequest.findUnique({ where: { projectId_number: input } });
    const preview = mergeRequest === null ? null : await lockPreview(tx, mergeRequest.id);
    if (mergeRequest === null || preview === null) {
      throw new DomainError('not_found', 'The merge request has no preview.');
    }
    await change(tx, preview, mergeRequest);
    await publishPreviewEvent(tx, mergeRequest, {
      type: 'preview.requested',
      message: `${caller.principal.userName} ${word} the preview of !${String(input.number)}`,
      actorId: caller.principal.userId,
      payload: { cause: word },
      traceparent: caller.request.traceparent,
    });
    await writeAudit(tx, caller, {
      action: `preview.${word}`,
      resource: 'merge_request',
      resourceId: mergeRequest.id,
      projectId: input.projectId,
      detail: { number: input.number },
    });
  });
}

/** Ends the preview of an open merge request; a push or a renewal brings it back. @throws DomainError `not_found`, `illegal_transition` */
export async function stopPreview(
  db: PrismaClient,
  caller: Caller,
  input: { projectId: string; number: number },
): Promise<void> {
  await command(db, caller, input, 'stopped', async (tx, preview) => {
    if (preview.status === 'gone' || preview.stopReason !== null) {
      throw new DomainError('illegal_transition', 'The preview is ended already.');
    }
    await tx.preview.update({
      where: { mergeRequestId: preview.mergeRequestId },
      data: { stopReason: 'stopped' },
    });
  });
}

/** Gives a preview its whole time again, and brings one back that is gone. @throws DomainError `not_found`, `illegal_transition` */
export async function renewPreview(
  db: PrismaClient,
  caller: Caller,
  input: { projectId: string; number: number },
): Promise<void> {
  await command(db, caller, input, 'renewed', async (tx, preview, mergeRequest) => {
    if (mergeRequest.status !== 'open') {
      throw new DomainError('illegal_transition', `The merge request is ${mergeRequest.status}.`);
    }
    await renew(tx, preview);
  });
}

/**
 * The merge request was opened again: its preview comes back. One that it never had, for its pipeline ran while it was
 * closed, comes as that run asks.
 */
export async function revivePreview(db: PrismaClient, mergeRequestId: string): Promise<void> {
  await inTransaction(db, async (tx) => {
    const preview = await lockPreview(tx, mergeRequestId);
    const mergeRequest = await tx.mergeRequest.findUnique({ where: { id: mergeRequestId } });
    if (mergeRequest?.status !== 'open') return;
    if (preview === null) {
      await wantAsRun(tx, mergeRequest);
      return;
    }
    await renew(tx, preview);
    await publishPreviewEvent(tx, mergeRequest, {
      type: 'preview.requested',
      message: `!${String(mergeRequest.number)} is open again`,
      payload: { cause: 'reopened' },
    });
  });
}

async function wantAsRun(tx: Prisma.TransactionClient, mergeRequest: MergeRequest): Promise<void> {
  const run = await tx.pipeline.findFirst({
    where: { ...whereOfHead(mergeRequest), startedAt: { not: null } },
    orderBy: { number: 'desc' },
  });
  const plan = run?.definition as PipelinePlan | null | undefined;
  if (run !== null && plan != null) await wantPreview(tx, run, plan);
}
