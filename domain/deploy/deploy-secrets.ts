import type { LeaseOwner } from '../../contracts/secret/types.ts';
import { DomainError } from '../../contracts/problems.ts';
import type { Deployment } from '../../prisma/generated/client.ts';
import { type CredentialLimits, readLimits, unlimited } from '../identity/credential-limits.ts';
import type { HeadGit } from '../secret/contributors-of-head.ts';
import { judgeHead, type HeadStanding } from '../secret/judge-head.ts';
import type { LeaseSecretsInput } from '../secret/lease-secrets.ts';
import type { Db } from '../shared/db.ts';
import { partsOfDeployment, type Made, type Part, type Stage } from './parts-of-deployment.ts';

const made = { opsRepo: true, pinnedRevision: true, liveRevision: true } as const;

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
 * What a deployment asks of the secrets. It gets them only where the heads of all that it is made of may have them
 * (parts-of-deployment.ts, judge-head.ts); a preview, which shows what nobody has reviewed, by everybody as they are now.
 * @throws DomainError `secret_unavailable` naming who may not
 */
export async function secretsAsked(
  db: Db,
  git: HeadGit,
  { deploymentId, stage }: { deploymentId: string; stage: Stage },
  names: readonly string[],
): Promise<LeaseSecretsInput> {
  const deployment = await db.deployment.findUniqueOrThrow({
    where: { id: deploymentId },
    include: made,
  });
  const { why, isProtected } =
    names.length === 0
      ? { why: null, isProtected: false }
      : await judgeDeployment(db, git, deployment, stage);
  if (why !== null) {
    const message = `This ${wordFor(deployment)} gets no secrets: ${why}.`;
    throw new DomainError('secret_unavailable', message);
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

/**
 * Refuses what may not have secrets where some were given before. They lie on the target until the deployment is removed,
 * and whatever is brought beside them can read them, though its own manifests name none.
 * @throws DomainError `secret_unavailable` naming who may not
 */
export async function requireBesideSecrets(
  db: Db,
  git: HeadGit,
  deploymentId: string,
  renderedFrom: string | null,
): Promise<void> {
  const deployment = await db.deployment.findUniqueOrThrow({
    where: { id: deploymentId },
    include: made,
  });
  const { kind, id } = leaseOwnerOf(deployment);
  const where = { ownerKind: kind, ownerId: id, endedAt: null };
  const held = await db.secretLease.findMany({ where, include: { secret: true } });
  if (held.length === 0) return;
  const { why, isProtected } = await judgeDeployment(db, git, deployment, { renderedFrom });
  const closed = isProtected ? undefined : held.find(({ secret }) => secret?.isProtected === true);
  if (why === null && closed === undefined) return;
  const because =
    why ??
    `secret ${closed?.name ?? ''} is protected, and this is no head that a protected branch was led to by its rules`;
  throw new DomainError(
    'secret_unavailable',
    `This ${wordFor(deployment)} was given secrets, and what is to be rolled out beside them may not have them: ${because}.`,
  );
}

const wordFor = ({ mergeRequestId }: Pick<Deployment, 'mergeRequestId'>): string =>
  mergeRequestId === null ? 'deployment' : 'preview';

async function judgeDeployment(
  db: Db,
  git: HeadGit,
  deployment: Made,
  stage: Stage,
): Promise<HeadStanding> {
  const { projectId, commitSha, deployedBy, mergeRequestId } = deployment;
  if (mergeRequestId === null) {
    const { all, oneOf } = await partsOfDeployment(db, deployment, stage);
    const judged = [];
    for (const part of all) judged.push(await judgePart(db, git, part));
    if (oneOf.length > 0) judged.push(await judgeFirst(db, git, oneOf));
    const refused = judged.find(({ why }) => why !== null);
    const isProtected = judged.length > 0 && judged.every((one) => one.isProtected);
    return refused ?? { why: null, isProtected };
  }
  const mergeRequest = await db.mergeRequest.findUniqueOrThrow({ where: { id: mergeRequestId } });
  return await judgeHead(db, git, {
    projectId,
    ref: `refs/heads/${mergeRequest.sourceBranch}`,
    commitSha,
    askedBy: [
      { id: mergeRequest.authorId, limits: unlimited },
      { id: deployedBy, limits: await limitsOfDeployer(db, deployment) },
    ],
    openedAt: mergeRequest.createdAt,
    isLasting: false,
  });
}

/** Of the credential of the run that deployed it. A preview stands: it outlives the token that it was asked for with. */
async function limitsOfDeployer(
  db: Db,
  { pipelineId, deployedBy }: Deployment,
): Promise<CredentialLimits> {
  const run =
    pipelineId === null ? null : await db.pipeline.findUnique({ where: { id: pipelineId } });
  if (run?.triggeredBy !== deployedBy) return unlimited;
  return { ...readLimits(run?.triggeredLimits, unlimited), tokenId: null };
}

async function judgePart(db: Db, git: HeadGit, part: Part): Promise<HeadStanding> {
  return await judgeHead(db, git, { ...part, askedBy: [], openedAt: null, isLasting: true });
}

/** The best standing of parts that are alike. */
async function judgeFirst(db: Db, git: HeadGit, parts: readonly Part[]): Promise<HeadStanding> {
  let best: HeadStanding = { why: 'nobody knows what its image was made from', isProtected: false };
  for (const [at, part] of parts.entries()) {
    const one = await judgePart(db, git, part);
    if (one.isProtected) return one;
    if (at === 0 || best.why !== null) best = one;
  }
  return best;
}
