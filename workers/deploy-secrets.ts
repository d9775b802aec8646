import type { DeploySecrets } from '../activities/deploy/deps.ts';
import type { SecretBox } from '../contracts/secret/types.ts';
import { leaseOwnerOf, secretsAsked } from '../domain/deploy/deploy-secrets.ts';
import {
  heldSecrets,
  heldVersions,
  leaseSecrets,
  newestVersions,
} from '../domain/secret/lease-secrets.ts';
import type { PrismaClient } from '../prisma/generated/client.ts';

/** Secrets for deployments: what each may use, by leases. */
export function deploySecrets(db: PrismaClient, box: SecretBox): DeploySecrets {
  return {
    async values(which, deploymentId, names) {
      const asked = await secretsAsked(db, deploymentId, names);
      return await (which === 'newest' ? leaseSecrets : heldSecrets)(db, box, asked);
    },
    async versions(which, deploymentId, names) {
      if (which === 'held') {
        const { id, mergeRequestId } = await db.deployment.findUniqueOrThrow({
          where: { id: deploymentId },
        });
        return await heldVersions(db, { owner: leaseOwnerOf({ id, mergeRequestId }), names });
      }
      return await newestVersions(db, box, await secretsAsked(db, deploymentId, names));
    },
  };
}
