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
  const { kind } = outcome;
  const message = outcome.message.slice(0, 1000);
  const isLive = deployment.liveRevisionId !== null;
  const currentStatus = !isLive ? 'failed' : kind === 'refused' ? 'degraded' : 'healthy';
  await inTransaction(db, async (tx) => {
    const moved = await tx.deployment.updateMany({
      where: {
        id: deployment.id,
        // What was told already is not told again at each look.
        ...(kind === 'served'
          ? {}
          : {
              OR: [
                { observedGeneration: { lt: deployment.generation } },
                { statusMessage: null },
                { statusMessage: { not: message } },
              ],
            }),
      },
      data: {
        observedGeneration: deployment.generation,
        ...(kind === 'served' ? {} : { statusMessage: message }),
        ...(outcome.sha === undefined ? {} : { currentSha: outcome.sha }),
        currentStatus,
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
