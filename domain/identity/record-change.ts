import type { EventType } from '../../contracts/event/types.ts';
import type { Caller } from '../../contracts/identity/principal.ts';
import type { Prisma } from '../../prisma/generated/client.ts';
import { writeAudit } from '../audit/write-audit.ts';
import { publishEvent } from '../event/publish-event.ts';

export interface Change {
  event: EventType;
  /** audit action, `resource.past_verb` */
  action: string;
  resource: string;
  resourceId: string;
  projectId?: string | null;
  /** one sentence for people */
  message: string;
  detail?: Record<string, unknown>;
}

/** The event and the audit row of a change of identity or access, in its transaction. Call it last. */
export async function recordChange(
  tx: Prisma.TransactionClient,
  caller: Caller,
  change: Change,
): Promise<void> {
  const projectId = change.projectId ?? null;
  await publishEvent(tx, {
    type: change.event,
    projectId,
    actorId: caller.principal.userId,
    subjectId: change.resourceId,
    message: change.message,
    payload: { action: change.action },
    traceparent: caller.request.traceparent,
  });
  await writeAudit(tx, caller, {
    action: change.action,
    resource: change.resource,
    resourceId: change.resourceId,
    projectId,
    detail: change.detail ?? {},
  });
}
