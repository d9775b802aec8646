import { platformCaller } from '../../contracts/identity/principal.ts';
import type { PrismaClient } from '../../prisma/generated/client.ts';
import { endLeases } from '../secret/secret-leases.ts';
import type { BlobStore } from '../shared/blob-store.ts';
import { inTransaction } from '../shared/tx.ts';
import { leaseOwnerOf } from './deploy-secrets.ts';
import { publishDeploymentEvent } from './deployment-event.ts';

/** Removes a deployment whose objects are gone, with its revisions; what it was given of secrets ends with it. Nothing happens when it is gone already. */
export async function forgetDeployment(
  db: PrismaClient,
  store: BlobStore,
  deploymentId: string,
): Promise<void> {
  const revisions = await db.deploymentRevision.findMany({ where: { deploymentId } });
  for (const revision of revisions) await store.delete(revision.manifestsRef);
  await inTransaction(db, async (tx) => {
    const deployment = await tx.deployment.findUnique({ where: { id: deploymentId } });
    if (deployment === null) return;
    await tx.deployment.delete({ where: { id: deploymentId } });
    await publishDeploymentEvent(tx, deployment, {
      type: 'deployment.deleted',
      message: `${deployment.environment} was removed`,
    });
    await endLeases(tx, platformCaller, leaseOwnerOf(deployment));
  });
}
