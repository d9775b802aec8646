import { zeroSha } from '../../contracts/git/ref-name.ts';
import type { LeaseOwner } from '../../contracts/secret/types.ts';
import { DomainError } from '../../contracts/problems.ts';
import { type Deployment, type MergeRequest, Prisma } from '../../prisma/generated/client.ts';
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
 * who had a hand in its head is known and may use secrets of the project.
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
  const mergeRequest = await db.mergeRequest.findUniqueOrThrow({ where: { id: mergeRequestId } });
  const pushes = await pushesBehind(db, mergeRequest, commitSha ?? '');
  if (!pushes.some(({ isHead }) => isHead) || pushes.some(({ pusherId }) => pusherId === null)) {
    const { sourceBranch } = mergeRequest;
    throw refused(
      `nobody knows who pushed all that is in ${sourceBranch}. Push it as a new branch`,
    );
  }
  const people = [mergeRequest.authorId, deployedBy, ...pushes.map(({ pusherId }) => pusherId)];
  for (const id of new Set(people.filter((one) => one !== null))) {
    const { permissions } = await grantedPermissions(db, id, projectId);
    if (permissions.has('secret:read')) continue;
    const user = await db.user.findUnique({ where: { id } });
    throw refused(
      `${user?.name ?? 'somebody who is gone'}, whose work it shows, does not hold secret:read`,
    );
  }
}

function refused(why: string): DomainError {
  return new DomainError('secret_unavailable', `This preview gets no secrets: ${why}.`);
}

/**
 * Every push that may have brought something of a preview's head: those of that commit, to whatever branch, and all to
 * the source branch since it was made, for what lies below a head runs too. Once the merge request is open, making the
 * branch anew hides nothing.
 */
async function pushesBehind(
  db: Db,
  { id, projectId, sourceBranch }: MergeRequest,
  headSha: string,
): Promise<{ pusherId: string | null; isHead: boolean }[]> {
  const ref = `refs/heads/${sourceBranch}`;
  const holding = (update: object) => Prisma.sql`p.updates @> ${JSON.stringify([update])}::jsonb`;
  return await db.$queryRaw`
    SELECT p.pusher_id AS "pusherId", ${holding({ ref, newSha: headSha })} AS "isHead" FROM pushes p
     WHERE p.project_id = ${projectId} AND (${holding({ newSha: headSha })} OR ${holding({ ref })}
       AND p.created_at >= coalesce(
         (SELECT max(p.created_at) FROM pushes p JOIN merge_requests m ON m.id = ${id}
           WHERE p.project_id = ${projectId} AND ${holding({ ref, oldSha: zeroSha })}
             AND p.created_at <= m.created_at),
         '-infinity'))`;
}
