import type { EventType } from '../../contracts/event/types.ts';
import type { Deployment, Prisma } from '../../prisma/generated/client.ts';
import { publishEvent } from '../event/publish-event.ts';

/** Puts an event that tells of a deployment into the outbox, with the change that is desired there. */
export async function publishDeploymentEvent(
  tx: Prisma.TransactionClient,
  deployment: Pick<Deployment, 'id' | 'projectId' | 'environment' | 'changeId' | 'mergeRequestId'>,
  event: {
    type: Extract<EventType, `deployment.${string}`>;
    message: string;
    payload?: Record<string, unknown>;
    actorId?: string | null;
    changeId?: string | null;
    traceparent?: string | null;
  },
): Promise<void> {
  const { payload, ...rest } = event;
  await publishEvent(tx, {
    ...rest,
    projectId: deployment.projectId,
    changeId: event.changeId ?? deployment.changeId,
    subjectId: deployment.id,
    payload: {
      environment: deployment.environment,
      ...(deployment.mergeRequestId === null ? {} : { mergeRequestId: deployment.mergeRequestId }),
      ...payload,
    },
  });
}
