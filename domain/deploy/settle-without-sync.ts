import type { Deployment, Prisma, PrismaClient } from '../../prisma/generated/client.ts';
import { storableText } from '../shared/storable-json.ts';
import { inTransaction } from '../shared/tx.ts';
import { publishDeploymentEvent } from './deployment-event.ts';

type Settled = Pick<
  Deployment,
  | 'id'
  | 'projectId'
  | 'environment'
  | 'changeId'
  | 'mergeRequestId'
  | 'generation'
  | 'liveRevisionId'
>;

/** What was told already is not told again at each observation. */
function untold(
  { generation }: Settled,
  kind: string,
  message: string,
): Prisma.DeploymentWhereInput {
  const isNew = kind === 'sealed' ? [] : [{ observedGeneration: { lt: generation } }];
  return { OR: [...isNew, { statusMessage: null }, { statusMessage: { not: message } }] };
}

/**
 * Ends a change of the desired state that leads to no sync: what is desired is served already, lies in quarantine,
 * cannot be rendered, or is that nothing runs where nothing does. What serves stays as it is. While secrets are `sealed` it stays to be done: each observation tries again.
 */
export async function settleWithoutSync(
  db: PrismaClient,
  deployment: Settled,
  outcome: {
    kind: 'served' | 'quarantined' | 'refused' | 'sealed' | 'stopped';
    message: string;
    sha?: string | null;
  },
): Promise<void> {
  const { kind } = outcome;
  const message = storableText(outcome.message.slice(0, 1000));
  const isLive = deployment.liveRevisionId !== null;
  const isFine = kind !== 'refused' && kind !== 'sealed';
  const withoutLive = kind === 'stopped' ? 'pending' : 'failed';
  const currentStatus = !isLive ? withoutLive : isFine ? 'healthy' : 'degraded';
  await inTransaction(db, async (tx) => {
    const moved = await tx.deployment.updateMany({
      where: {
        id: deployment.id,
        ...(kind === 'served' ? {} : untold(deployment, kind, message)),
      },
      data: {
        ...(kind === 'sealed' ? {} : { observedGeneration: deployment.generation }),
        ...(kind === 'served' ? {} : { statusMessage: message }),
        ...(outcome.sha === undefined ? {} : { currentSha: outcome.sha }),
        currentStatus,
      },
    });
    if (moved.count === 0 || kind === 'served' || kind === 'stopped') return;
    await publishDeploymentEvent(tx, deployment, {
      type: 'deployment.failed',
      message: `${deployment.environment}: ${message}`,
      payload: { reason: message },
    });
  });
}
