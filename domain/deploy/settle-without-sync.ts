import type { Deployment, PrismaClient } from '../../prisma/generated/client.ts';
import { inTransaction } from '../shared/tx.ts';
import { publishDeploymentEvent } from './deployment-event.ts';

/**
 * Ends a change of the desired state that leads to no sync: what is desired is served already, lies in quarantine, or
 * cannot be rendered. What serves stays as it is.
 */
export async function settleWithoutSync(
  db: PrismaClient,
  deployment: Pick<
    Deployment,
    'id' | 'projectId' | 'environment' | 'changeId' | 'generation' | 'liveRevisionId'
  >,
  outcome: { kind: 'served' | 'quarantined' | 'refused'; message: string; sha?: string | null },
): Promise<void> {
  const { kind, message } = outcome;
  await inTransaction(db, async (tx) => {
    const moved = await tx.deployment.updateMany({
      where: {
        id: deployment.id,
        OR: [
          { observedGeneration: { lt: deployment.generation } },
          { NOT: { statusMessage: message } },
        ],
      },
      data: {
        observedGeneration: deployment.generation,
        ...(kind === 'served' ? {} : { statusMessage: message.slice(0, 1000) }),
        ...(outcome.sha === undefined ? {} : { currentSha: outcome.sha }),
        currentStatus:
          kind === 'refused'
            ? deployment.liveRevisionId === null
              ? 'failed'
              : 'degraded'
            : 'healthy',
      },
    });
    if (moved.count === 0 || kind === 'served') return;
    await publishDeploymentEvent(tx, deployment, {
      type: 'deployment.failed',
      message: `${deployment.environment}: ${message}`,
      payload: { reason: message },
    });
  });
}
