import type { PreviewMismatch } from '../../contracts/reconcile/types.ts';
import type { PrismaClient } from '../../prisma/generated/client.ts';
import { revivePreview } from '../deploy/command-preview.ts';
import { lockPreview } from '../deploy/want-preview.ts';
import { publishEvent } from '../event/publish-event.ts';
import { inTransaction } from '../shared/tx.ts';

/** What the engine can be asked to do for a preview. */
export interface PreviewControl {
  /** starts its workflow, or has the one that runs reconcile its rows */
  wake: (mergeRequestId: string) => Promise<void>;
  /** has the one that runs reconcile its rows */
  nudge: (mergeRequestId: string) => Promise<void>;
}

/**
 * Makes database and engine agree on a preview, with one `engine.state_repaired`. What is to become of it, up or gone, is
 * decided by its workflow alone.
 */
export async function repairPreviewMismatch(
  db: PrismaClient,
  mismatch: PreviewMismatch,
  control: PreviewControl,
): Promise<void> {
  const { mergeRequestId, dbStatus } = mismatch;
  if (dbStatus === 'missing') {
    await control.nudge(mergeRequestId);
    await announce(db, mismatch, 'its workflow was told to end');
    return;
  }
  if (dbStatus === 'wanted' || dbStatus === 'reopened') await revivePreview(db, mergeRequestId);
  if (dbStatus === 'gone') await endAgain(db, mergeRequestId);
  await control.wake(mergeRequestId);
  await announce(db, mismatch, 'its workflow was started or woken again');
}

/** What is left of one that was taken for gone is taken down by its workflow. */
async function endAgain(db: PrismaClient, mergeRequestId: string): Promise<void> {
  await inTransaction(db, async (tx) => {
    const preview = await lockPreview(tx, mergeRequestId);
    if (preview?.status !== 'gone') return;
    await tx.preview.update({
      where: { mergeRequestId },
      data: { status: 'ending', endReason: null, endedAt: null },
    });
    await tx.deployment.updateMany({ where: { mergeRequestId }, data: { isDeleting: true } });
  });
}

async function announce(db: PrismaClient, mismatch: PreviewMismatch, what: string): Promise<void> {
  const { kind, mergeRequestId, dbStatus, engineStatus } = mismatch;
  await inTransaction(db, async (tx) => {
    const row = await tx.mergeRequest.findUnique({ where: { id: mergeRequestId } });
    const name = row === null ? `A preview` : `The preview of !${String(row.number)}`;
    await publishEvent(tx, {
      type: 'engine.state_repaired',
      projectId: row?.projectId ?? null,
      changeId: row?.changeId ?? null,
      subjectId: mergeRequestId,
      message: `${name} was ${dbStatus} here and ${engineStatus} in the engine: ${what}`,
      payload: { kind, mergeRequestId, dbStatus, engineStatus },
    });
  });
}
