import type { PreviewEndReason } from '../../contracts/deploy/preview.ts';
import type { PrismaClient } from '../../prisma/generated/client.ts';
import { inTransaction } from '../shared/tx.ts';
import { letGoArtifacts } from './let-go-artifacts.ts';
import { publishPreviewEvent } from './preview-event.ts';
import { lockPreview } from './want-preview.ts';

const words: Readonly<Record<PreviewEndReason, string>> = {
  closed: 'it was closed',
  merged: 'it was merged',
  expired: 'its time is over',
  stopped: 'somebody ended it',
  unwanted: 'its definition asks for none any more',
};

/** See PreviewRecords.finishPreview. Nothing happens while a deployment of it is left, and when it is gone already. */
export async function finishPreview(
  db: PrismaClient,
  { mergeRequestId, reason }: { mergeRequestId: string; reason: PreviewEndReason },
): Promise<void> {
  await inTransaction(db, async (tx) => {
    const preview = await lockPreview(tx, mergeRequestId);
    if (preview === null || preview.status === 'gone') return;
    if ((await tx.deployment.count({ where: { mergeRequestId } })) > 0) return;
    await tx.preview.update({
      where: { mergeRequestId },
      data: { status: 'gone', endReason: reason, endedAt: new Date() },
    });
    const mergeRequest = await tx.mergeRequest.findUniqueOrThrow({ where: { id: mergeRequestId } });
    await letGoArtifacts(tx, mergeRequest);
    await publishPreviewEvent(tx, mergeRequest, {
      type: 'preview.gone',
      message: `the preview of !${String(mergeRequest.number)} is gone: ${words[reason]}`,
      payload: { reason },
    });
  });
}
