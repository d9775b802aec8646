import type { DeploySecrets } from '../activities/deploy/deps.ts';
import type { SecretBox } from '../contracts/secret/types.ts';
import {
  leaseOwnerOf,
  requireBesideSecrets,
  secretsAsked,
} from '../domain/deploy/deploy-secrets.ts';
import { heldVersions, leaseSecrets, newestVersions } from '../domain/secret/lease-secrets.ts';
import type { HeadGit } from '../domain/secret/contributors-of-head.ts';
import type { PrismaClient } from '../prisma/generated/client.ts';

/** Secrets for deployments: what each may use, by leases. */
export function deploySecrets(db: PrismaClient, box: SecretBox, git: HeadGit): DeploySecrets {
  return {
    async values(deploymentId, names, versions) {
      const asked = await secretsAsked(db, git, { deploymentId, stage: 'brought' }, names);
      return await leaseSecrets(db, box, asked, versions);
    },
    async versions(which, deploymentId, names) {
      if (which === 'held') {
        const { id, mergeRequestId } = await db.deployment.findUniqueOrThrow({
          where: { id: deploymentId },
        });
        return await heldVersions(db, { owner: leaseOwnerOf({ id, mergeRequestId }), names });
      }
      return await newestVersions(
        db,
        box,
        await secretsAsked(db, git, { deploymentId, stage: 'planned' }, names),
      );
    },
    requireBeside: (deploymentId, renderedFrom) =>
      requireBesideSecrets(db, git, deploymentId, renderedFrom),
  };
}
