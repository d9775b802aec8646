import { imageRefOf } from '../../contracts/deploy/image-ref.ts';
import type { DeployPlan } from '../../contracts/pipeline/types.ts';
import { DomainError } from '../../contracts/problems.ts';
import type { Deployment, Pipeline, Prisma } from '../../prisma/generated/client.ts';
import { onlyFor, readLimits } from '../identity/credential-limits.ts';
import { newId } from '../shared/new-id.ts';
import { publishDeploymentEvent } from './deployment-event.ts';
import { requireOwnImage } from './find-artifact-image.ts';
import { whyNotDeclared } from './may-declare.ts';
import { giveNamespace } from './namespace.ts';
import type { OpsRepoChoice } from './ops-repo-access.ts';

/** `artifact:NAME`: the one file that the run stored under that name. */
const artifactImage = /^artifact:([A-Za-z0-9._-]+)$/;

/** An image as it is deployed: `artifact:NAME@sha256:…` for an artifact, anything else as it is written. */
export interface ResolvedDeploy {
  plan: DeployPlan;
  imageRef: string;
  /** null for an image that no run of ours made */
  artifactId: string | null;
}

/**
 * What a successful run asks of the deployer, images named by the digest of what the run stored.
 * @returns what is deployed, and in `refused` one sentence for each environment that this run may not deploy to; or the
 * problem in one sentence where an artifact is missing or ambiguous
 */
export async function resolveDeploys(
  tx: Prisma.TransactionClient,
  run: Pipeline,
  plans: readonly DeployPlan[],
): Promise<{ deploys: ResolvedDeploy[]; refused: string[] } | { problem: string }> {
  const project = await tx.project.findUniqueOrThrow({
    where: { id: run.projectId },
    include: { protectedBranches: true },
  });
  const meant = plans.filter(
    (plan) => plan.skipReason === null && isMeant(plan, run, project.defaultBranch),
  );
  const whyNot = await whyNotDeclared(tx, run, project);
  const deploys: ResolvedDeploy[] = [];
  const refused: string[] = [];
  for (const plan of meant) {
    // A preview is its merge request's, whoever pushed.
    if (plan.environment !== 'preview' && whyNot !== null) {
      refused.push(`not deployed to ${plan.environment}: ${whyNot}`);
      continue;
    }
    const name = artifactImage.exec(plan.image)?.[1];
    if (name === undefined) {
      // Before anything of it is desired: what an image of that kind names must be this project's.
      const problem = await whyNotOwn(tx, run.projectId, plan.image);
      if (problem !== null) return { problem: `deploy to ${plan.environment}: ${problem}` };
      deploys.push({ plan, imageRef: plan.image, artifactId: null });
      continue;
    }
    const files = await tx.artifact.findMany({ where: { pipelineId: run.id, name }, take: 2 });
    const [file] = files;
    if (file === undefined || files.length > 1) {
      const found = file === undefined ? 'this run stored none' : 'it has more than one file';
      return {
        problem: `deploy to ${plan.environment}: artifact ${name} must be one file, ${found}`,
      };
    }
    const imageRef = imageRefOf({ name, sha256: file.sha256 });
    deploys.push({ plan, imageRef, artifactId: file.id });
  }
  return { deploys, refused };
}

async function whyNotOwn(
  tx: Prisma.TransactionClient,
  projectId: string,
  image: string,
): Promise<string | null> {
  try {
    await requireOwnImage(tx, projectId, image);
    return null;
  } catch (error) {
    if (error instanceof DomainError) return error.message;
    throw error;
  }
}

/** What is deployed must not expire under it. */
export async function keepArtifact(
  tx: Prisma.TransactionClient,
  { artifactId }: ResolvedDeploy,
): Promise<void> {
  if (artifactId === null) return;
  await tx.artifact.update({ where: { id: artifactId }, data: { expiresAt: null } });
}

/** Without a `when`: the default branch deploys to lasting environments, merge requests to previews. */
function isMeant(plan: DeployPlan, run: Pipeline, defaultBranch: string): boolean {
  if (plan.environment === 'preview') return run.trigger === 'mr';
  if (run.trigger === 'mr') return false;
  return !plan.isImplicit || run.gitRef === `refs/heads/${defaultBranch}`;
}

/**
 * Writes the desired state of a successful run: one row an environment, made or updated. A run older than the one that
 * is desired changes nothing. The pipeline itself never applies anything.
 */
export async function declareDeployments(
  tx: Prisma.TransactionClient,
  run: Pipeline,
  deploys: readonly ResolvedDeploy[],
): Promise<void> {
  for (const deploy of deploys) {
    // the workflow of a preview declares it, see plan-preview.ts
    if (deploy.plan.environment === 'preview') continue;
    await keepArtifact(tx, deploy);
    await declareOne(tx, run, deploy);
  }
}

async function declareOne(
  tx: Prisma.TransactionClient,
  run: Pipeline,
  { plan, imageRef }: ResolvedDeploy,
): Promise<void> {
  const key = { projectId: run.projectId, environment: plan.environment };
  const desired = desiredOf(run, plan, imageRef);
  await tx.$executeRaw`SELECT pg_advisory_xact_lock(hashtext(${`deployment ${key.projectId} ${key.environment}`}))`;
  const known = await tx.deployment.findFirst({ where: { ...key, mergeRequestId: null } });
  if (known === null) {
    const { name } = await tx.project.findUniqueOrThrow({ where: { id: run.projectId } });
    const id = newId('deployment');
    const { projectId, environment: slug } = key;
    const namespace = await giveNamespace(tx, { deploymentId: id, projectId, slug });
    const made = await tx.deployment.create({ data: { id, ...key, ...desired, namespace } });
    await publishDeploymentEvent(tx, made, {
      type: 'deployment.created',
      message: `${plan.environment} of ${name} was set up`,
      actorId: run.triggeredBy,
      payload: { imageRef, pipelineId: run.id },
    });
    return;
  }
  if (known.isDeleting || (await isNewerDesired(tx, known.pipelineId, run))) return;
  const changed = await tx.deployment.update({
    where: { id: known.id },
    data: { ...desired, ...choosing(known, desired, run), generation: { increment: 1 } },
  });
  await publishDeploymentEvent(tx, changed, {
    type: 'deployment.desired_changed',
    message: `pipeline #${String(run.number)} wants ${imageRef} in ${plan.environment}`,
    actorId: run.triggeredBy,
    payload: { generation: changed.generation, imageRef, pipelineId: run.id },
  });
}

/** Whoever has other files of an ops repository rendered is asked for their permission to read there. */
function choosing(
  { opsRepoId, manifestPath }: Deployment,
  desired: { manifestPath?: string },
  { triggeredBy, triggeredLimits }: Pipeline,
): Partial<OpsRepoChoice> {
  const isOther = desired.manifestPath !== undefined && desired.manifestPath !== manifestPath;
  if (opsRepoId === null || !isOther) return {};
  // Of a run of before nobody knows the credential: it reads nothing that is not open to all.
  const limits = readLimits(triggeredLimits, onlyFor('pipeline:run'));
  return { opsRepoSetBy: triggeredBy, opsRepoSetLimits: { ...limits } };
}

/** The columns of the desired state that a run sets. */
export function desiredOf(run: Pipeline, plan: DeployPlan, imageRef: string) {
  return {
    imageRef,
    desiredStatus: 'active',
    pinnedRevisionId: null,
    changeId: run.changeId,
    commitSha: run.commitSha,
    pipelineId: run.id,
    deployedBy: run.triggeredBy,
    originIds: run.originIds,
    approvalsAsked: plan.approvals,
    bakeSeconds: Math.ceil(plan.bakeMs / 1000),
    healthTimeoutSeconds: Math.ceil(plan.healthTimeoutMs / 1000),
    ...(plan.target === null ? {} : { target: plan.target }),
    ...(plan.manifestPath === null ? {} : { manifestPath: plan.manifestPath }),
  };
}

async function isNewerDesired(
  tx: Prisma.TransactionClient,
  desiredPipelineId: string | null,
  run: Pipeline,
): Promise<boolean> {
  if (desiredPipelineId === null) return false;
  const desired = await tx.pipeline.findUnique({
    where: { id: desiredPipelineId },
    select: { number: true },
  });
  return desired !== null && desired.number >= run.number;
}
