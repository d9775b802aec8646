import type { EventType } from '../../contracts/event/types.ts';
import type { Caller } from '../../contracts/identity/principal.ts';
import type { Issue, Prisma } from '../../prisma/generated/client.ts';
import { publishEvent } from '../event/publish-event.ts';

type IssueEvent = Extract<EventType, `issue.${string}`>;

/** The event of a change of an issue. `assigneeId` and `authorId` tell who may want to hear of it. */
export async function announceIssue(
  tx: Prisma.TransactionClient,
  caller: Caller,
  issue: Issue,
  event: { type: IssueEvent; did: string; payload?: Record<string, unknown> },
): Promise<void> {
  await publishEvent(tx, {
    type: event.type,
    projectId: issue.projectId,
    actorId: caller.principal.userId,
    subjectId: issue.id,
    message: `${caller.principal.userName} ${event.did} #${String(issue.number)} ${issue.title}`,
    payload: {
      number: issue.number,
      title: issue.title,
      authorId: issue.authorId,
      assigneeId: issue.assigneeId,
      status: issue.status,
      ...event.payload,
    },
    traceparent: caller.request.traceparent,
  });
}
