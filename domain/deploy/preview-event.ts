import type { EventType } from '../../contracts/event/types.ts';
import type { MergeRequest, Prisma } from '../../prisma/generated/client.ts';
import { publishEvent } from '../event/publish-event.ts';

/** Puts an event that tells of a preview into the outbox; its subject is the merge request. */
export async function publishPreviewEvent(
  tx: Prisma.TransactionClient,
  mergeRequest: Pick<MergeRequest, 'id' | 'number' | 'projectId' | 'changeId'>,
  event: {
    type: Extract<EventType, `preview.${string}`>;
    message: string;
    payload: Record<string, unknown>;
    actorId?: string | null;
    traceparent?: string | null;
  },
): Promise<void> {
  const { payload, ...rest } = event;
  const { id, number, projectId, changeId } = mergeRequest;
  await publishEvent(tx, {
    ...rest,
    projectId,
    changeId,
    subjectId: id,
    payload: { mergeRequestId: id, number, ...payload },
  });
}
