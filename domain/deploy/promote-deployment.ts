import type { TargetKind } from '../../contracts/deploy/target.ts';
import type { Environment } from '../../contracts/deploy/types.ts';
import type { Caller } from '../../contracts/identity/principal.ts';
import type { PipelinePlan } from '../../contracts/pipeline/types.ts';
import { DomainError } from '../../contracts/problems.ts';
import type {
  Deployment,
  DeploymentRevision,
  PrismaClient,
} from '../../prisma/generated/client.ts';
import { readLimits, storableLimits } from '../identity/credential-limits.ts';
import { changeDesired } from './change-desired.ts';
import { createDeployment, refusePreview } from './manage-deployments.ts';
import { originOf } from '../shared/origin.ts';

/**
 * Deploys to `to` exactly what serves in `from`: same image, same commit, same change.
 * @throws DomainError `illegal_transition` when nothing good serves in `from`
 */
export async function promoteDeployment(
  db: PrismaClient,
  caller: Caller,
  input: { deploymentId: string; to: Environment },
): Promise<Deployment> {
  const source = await db.deployment.findUniqueOrThrow({
    where: { id: input.deploymentId },
    include: { liveRevision: true },
  });
  const liveRevision = promotable(source, input.to);
  const desired = {
    imageRef: liveRevision.imageRef,
    commitSha: liveRevision.commitSha,
    changeId: liveRevision.changeId,
    pipelineId: liveRevision.pipelineId,
    originIds: await originOfRevision(db, liveRevision),
  };
  const key = { projectId: source.projectId, environment: input.to };
  const known = await db.deployment.findFirst({ where: { ...key, mergeRequestId: null } });
  if (known === null) {
    const { opsRepoId, manifestPath, target, bakeSeconds, healthTimeoutSeconds } = source;
    const asked = await approvalsAskedBy(db, liveRevision, key);
    return await createDeployment(db, caller, {
      ...key,
      origin: {
        ...desired,
        approvalsAsked: asked ?? source.approvalsAsked,
        opsRepoSetBy: source.opsRepoSetBy,
        opsRepoSetLimits: storableLimits(readLimits(source.opsRepoSetLimits, null)),
      },
      approvals: source.approvals,
      environment: input.to,
      target: target as TargetKind,
      imageRef: desired.imageRef,
      opsRepoId,
      manifestPath,
      bakeSeconds,
      healthTimeoutSeconds,
      ...(desired.commitSha === null ? {} : { commitSha: desired.commitSha }),
    });
  }
  return await changeDesired(db, caller, known.id, (row) =>
    Promise.resolve({
      desired: { ...desired, desiredStatus: 'active', pinnedRevisionId: null },
      action: 'promoted',
      message: `promote revision ${String(liveRevision.number)} of ${source.environment} to ${row.environment}`,
      detail: { from: source.environment, imageRef: desired.imageRef },
    }),
  );
}

/** Whose work it is that serves there: it stays theirs where it goes. */
async function originOfRevision(
  db: PrismaClient,
  { id, createdBy }: DeploymentRevision,
): Promise<string[]> {
  const syncs = await db.deploymentSync.findMany({
    where: { revisionId: id, action: 'deploy' },
    orderBy: { number: 'asc' },
    take: 1,
  });
  return originOf(
    { by: createdBy, originIds: [] },
    ...syncs.map(({ requestedBy, originIds }) => ({ by: requestedBy, originIds })),
  );
}

/** What the file of a commit asks before a rollout to an environment; null when no run of that commit says. */
async function approvalsAskedBy(
  db: PrismaClient,
  { commitSha }: DeploymentRevision,
  { projectId, environment }: { projectId: string; environment: Environment },
): Promise<number | null> {
  if (commitSha === null) return null;
  const run = await db.pipeline.findFirst({
    where: { projectId, commitSha, status: 'success' },
    orderBy: { number: 'desc' },
  });
  const plans = (run?.definition as PipelinePlan | null | undefined)?.deploy ?? [];
  const asked = plans.filter((plan) => plan.environment === environment);
  return asked.length === 0 ? null : Math.max(...asked.map((plan) => plan.approvals));
}

function promotable(
  source: Deployment & { liveRevision: DeploymentRevision | null },
  to: Environment,
): DeploymentRevision {
  refusePreview(to);
  if (source.mergeRequestId !== null) {
    throw new DomainError(
      'illegal_transition',
      'A preview is not promoted: merge its merge request instead.',
    );
  }
  if (source.liveRevision === null || source.currentStatus !== 'healthy') {
    throw new DomainError(
      'illegal_transition',
      `Nothing healthy serves in ${source.environment}, so there is nothing to promote.`,
    );
  }
  if (to === source.environment) {
    throw new DomainError('validation_failed', `It is in ${to} already.`);
  }
  return source.liveRevision;
}
