import type { LeaseOwner } from '../../contracts/secret/types.ts';
import { DomainError } from '../../contracts/problems.ts';
import type { Deployment } from '../../prisma/generated/client.ts';
import type { HeadGit } from '../secret/behind-head.ts';
import { judgeHead, type HeadStanding } from '../secret/judge-head.ts';
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
 * What a deployment asks of the secrets. It runs what lies at its commit: it gets secrets only where the head of it may
 * have them (judge-head.ts); a preview, which shows what nobody has reviewed, by everybody as they are now.
 * @throws DomainError `secret_unavailable` naming who may not
 */
export async function secretsAsked(
  db: Db,
  git: HeadGit,
  deploymentId: string,
  names: readonly string[],
): Promise<LeaseSecretsInput> {
  const deployment = await db.deployment.findUniqueOrThrow({ where: { id: deploymentId } });
  const isPreview = deployment.mergeRequestId !== null;
  const { why, isProtected } =
    names.length === 0
      ? { why: null, isProtected: false }
      : await judgeDeployment(db, git, deployment);
  if (why !== null) {
    const what = isPreview ? 'preview' : 'deployment';
    throw new DomainError('secret_unavailable', `This ${what} gets no secrets: ${why}.`);
  }
  return {
    owner: leaseOwnerOf(deployment),
    projectId: deployment.projectId,
    environment: deployment.environment,
    names,
    isProtected,
    usedBy: { kind: 'deployment', id: deploymentId },
  };
}

async function judgeDeployment(
  db: Db,
  git: HeadGit,
  { projectId, commitSha, deployedBy, mergeRequestId, pipelineId }: Deployment,
): Promise<HeadStanding> {
  if (mergeRequestId === null) {
    const run =
      pipelineId === null ? null : await db.pipeline.findUnique({ where: { id: pipelineId } });
    const ref = run?.gitRef ?? null;
    const asked = { askedBy: [], openedAt: null, isLasting: true };
    return await judgeHead(db, git, { projectId, ref, commitSha, ...asked });
  }
  const mergeRequest = await db.mergeRequest.findUniqueOrThrow({ where: { id: mergeRequestId } });
  return await judgeHead(db, git, {
    projectId,
    ref: `refs/heads/${mergeRequest.sourceBranch}`,
    commitSha,
    askedBy: [mergeRequest.authorId, deployedBy],
    openedAt: mergeRequest.createdAt,
    isLasting: false,
  });
}
