import type { PrismaClient } from '../../prisma/generated/client.ts';
import { inTransaction } from '../shared/tx.ts';
import { publishDeploymentEvent } from './deployment-event.ts';

/**
 * Somebody else keeps changing fields that self-heal put right again and again: it is told, with their name, and left.
 * Said once for the same set of fields.
 */
export async function reportContested(
  db: PrismaClient,
  input: { deploymentId: string; fields: { key: string; manager: string | null }[] },
): Promise<void> {
  const told = input.fields
    .map(({ key, manager }) => `${key} (${manager ?? 'unknown manager'})`)
    .sort();
  const message = `self-heal stopped: another manager keeps changing ${told.join(', ')}`;
  await inTransaction(db, async (tx) => {
    const deployment = await tx.deployment.findUnique({ where: { id: input.deploymentId } });
    if (deployment === null || deployment.statusMessage === message) return;
    await tx.deployment.update({ where: { id: deployment.id }, data: { statusMessage: message } });
    await publishDeploymentEvent(tx, deployment, {
      type: 'deployment.drift_contested',
      message: `${deployment.environment}: ${message}`,
      payload: { fields: told },
    });
  });
}
