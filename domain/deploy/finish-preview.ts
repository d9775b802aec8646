import type { PreviewEndReason } from '../../contracts/deploy/preview.ts';
import type { PrismaClient } from '../../prisma/generated/client.ts';
import { inTransaction } from '../shared/tx.ts';
import { releaseArtifacts } from './release-artifacts.ts';
import { reasonToEnd } from './plan-preview.ts';
import { publishPreviewEvent } from './preview-event.ts';
import { lockPreview } from './want-preview.ts';

const words: Readonly<Record<PreviewEndReason, string>> = {
  closed: 'it was closed',
  merged: 'it was merged',
  expired: 'its time is over',
  stopped: 'somebody ended it',
  unwanted: 'its definition asks for none any more',
};

/**
 * See PreviewRecords.finishPreview. Nothing happens while a deployment of it is left, and when it is gone already. One that
 * is wanted again since its end was planned is not ended: its workflow is asked to reconcile it once more, as the request itself
 * may have been delivered too early or may find it gone. It stays `ending` until then, so that this may run twice.
 */
export async function finishPreview(
  db: PrismaClient,
  { mergeRequestId, reason }: { mergeRequestId: string; reason: PreviewEndReason },
): Promise<void> {
  await inTransaction(db, async (tx) => {
    const preview = await lockPreview(tx, mergeRequestId);
    if (preview === null || preview.status === 'gone') return;
    if ((await tx.deployment.count({ where: { mergeRequestId } })) > 0) return;
    const mergeRequest = await tx.mergeRequest.findUniqueOrThrow({ where: { id: mergeRequestId } });
    if (preview.status === 'ending' && reasonToEnd(preview, mergeRequest, null) === null) {
      await publishPreviewEvent(tx, mergeRequest, {
        type: 'preview.requested',
        message: `!${String(mergeRequest.number)} wants its preview again`,
        payload: { cause: 'renewed' },
      });
      return;
    }
    await tx.preview.update({
      where: { mergeRequestId },
      data: { status: 'gone', endReason: reason, endedAt: new Date() },
    });
    await releaseArtifacts(tx, mergeRequest);
    await publishPreviewEvent(tx, mergeRequest, {
      type: 'preview.gone',
      message: `the preview of !${String(mergeRequest.number)} is gone: ${words[reason]}`,
      payload: { reason },
    });
  });
}
