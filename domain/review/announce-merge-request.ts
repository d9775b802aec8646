import type { EventType } from '../../contracts/event/types.ts';
import type { Caller } from '../../contracts/identity/principal.ts';
import type { MergeRequest, Prisma } from '../../prisma/generated/client.ts';
import { publishEvent } from '../event/publish-event.ts';
import { limitsOf } from '../identity/credential-limits.ts';

type MergeRequestEvent = Extract<EventType, `mr.${string}`>;

/** The event of a change of a merge request, with what notifications need to know of it. */
export async function announceMergeRequest(
  tx: Prisma.TransactionClient,
  by: { caller: Caller | null; traceparent?: string | null },
  mergeRequest: MergeRequest,
  event: { type: MergeRequestEvent; did: string; payload?: Record<string, unknown> },
): Promise<void> {
  const { caller } = by;
  const { number, title } = mergeRequest;
  await publishEvent(tx, {
    type: event.type,
    projectId: mergeRequest.projectId,
    changeId: mergeRequest.changeId,
    actorId: caller?.principal.userId ?? null,
    actorLimits: caller === null ? null : limitsOf(caller.principal),
    subjectId: mergeRequest.id,
    message: `${caller?.principal.userName ?? 'slipway'} ${event.did} !${String(number)} ${title}`,
    payload: {
      number,
      title,
      authorId: mergeRequest.authorId,
      sourceBranch: mergeRequest.sourceBranch,
      targetBranch: mergeRequest.targetBranch,
      headSha: mergeRequest.headSha,
      baseSha: mergeRequest.baseSha,
      status: mergeRequest.status,
      ...event.payload,
    },
    traceparent: caller?.request.traceparent ?? by.traceparent ?? null,
  });
}
