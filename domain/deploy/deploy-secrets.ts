import type { LeaseOwner } from '../../contracts/secret/types.ts';
import { DomainError } from '../../contracts/problems.ts';
import type { Deployment } from '../../prisma/generated/client.ts';
import { grantedPermissions } from '../identity/granted-permissions.ts';
import type { LeaseSecretsInput } from '../secret/lease-secrets.ts';
import type { Db } from '../shared/db.ts';

/** Who holds what a deployment is given: a preview's leases are those of its merge request. */
export function leaseOwnerOf({
  id,
  mergeRequestId,
}: Pick<Deployment, 'id' | 'mergeRequestId'>): LeaseOwner {
  return mergeRequestId === null
    ? { kind: 'deployment', id }
    : { kind: 'preview', id: mergeRequestId };
}

/**
 * What a deployment asks of the secrets. A preview runs what nobody has reviewed: it gets secrets only when everybody
 * who had a hand in its head may use secrets of the project.
 * @throws DomainError `secret_unavailable` naming who may not
 */
export async function secretsAsked(
  db: Db,
  deploymentId: string,
  names: readonly string[],
): Promise<LeaseSecretsInput> {
  const deployment = await db.deployment.findUniqueOrThrow({ where: { id: deploymentId } });
  if (deployment.mergeRequestId !== null && names.length > 0) {
    await requireTrusted(db, deployment, deployment.mergeRequestId);
  }
  return {
    owner: leaseOwnerOf(deployment),
    projectId: deployment.projectId,
    environment: deployment.environment,
    names,
    usedBy: { kind: 'deployment', id: deploymentId },
  };
}

async function requireTrusted(
  db: Db,
  deployment: Deployment,
  mergeRequestId: string,
): Promise<void> {
  const { projectId, commitSha, deployedBy } = deployment;
  const { authorId } = await db.mergeRequest.findUniqueOrThrow({ where: { id: mergeRequestId } });
  const pushes = await db.push.findMany({
    where: { projectId, updates: { array_contains: [{ newSha: commitSha }] } },
    select: { pusherId: true },
  });
  const people = [authorId, deployedBy, ...pushes.map(({ pusherId }) => pusherId)];
  for (const id of new Set(people.filter((one) => one !== null))) {
    const { permissions } = await grantedPermissions(db, id, projectId);
    if (permissions.has('secret:read')) continue;
    const { name } = await db.user.findUniqueOrThrow({ where: { id } });
    throw new DomainError(
      'secret_unavailable',
      `This preview gets no secrets: ${name}, whose work it shows, does not hold secret:read.`,
    );
  }
}
