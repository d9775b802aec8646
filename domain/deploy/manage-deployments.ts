import type { TargetKind } from '../../contracts/deploy/target.ts';
import type { Environment } from '../../contracts/deploy/types.ts';
import type { Caller } from '../../contracts/identity/principal.ts';
import { DomainError } from '../../contracts/problems.ts';
import { type Deployment, Prisma, type PrismaClient } from '../../prisma/generated/client.ts';
import { writeAudit } from '../audit/write-audit.ts';
import { newId } from '../shared/new-id.ts';
import { inTransaction } from '../shared/tx.ts';
import { changeDesired } from './change-desired.ts';
import { publishDeploymentEvent } from './deployment-event.ts';
import { namespaceOf } from './namespace.ts';

/** What an operator may set of a deployment; undefined leaves it. */
export interface DeploymentSettings {
  imageRef?: string | undefined;
  opsRepoId?: string | null | undefined;
  manifestPath?: string | null | undefined;
  valuesOverride?: Record<string, unknown> | null | undefined;
  commitSha?: string | undefined;
  approvals?: number | undefined;
  bakeSeconds?: number | undefined;
  healthTimeoutSeconds?: number | undefined;
  selfHeal?: boolean | undefined;
  prune?: boolean | undefined;
}

/**
 * Sets up an environment of a project by hand.
 * @throws DomainError `already_exists` when the project has it, `validation_failed` for an ops repository that is not there
 */
export async function createDeployment(
  db: PrismaClient,
  caller: Caller,
  input: DeploymentSettings & {
    projectId: string;
    environment: Environment;
    imageRef: string;
    target: TargetKind;
    /** the change that is promoted; one of its own without it */
    origin?: { changeId: string | null; pipelineId: string | null };
  },
): Promise<Deployment> {
  const { projectId, environment, target, origin, ...settings } = input;
  return await inTransaction(db, async (tx) => {
    const project = await tx.project.findUniqueOrThrow({
      where: { id: projectId },
      include: { owner: { select: { name: true } } },
    });
    const key = { projectId, environment };
    const known = await tx.deployment.findUnique({ where: { projectId_environment: key } });
    if (known !== null) {
      throw new DomainError('already_exists', `${project.name} has ${environment} already.`);
    }
    await requireOpsRepo(tx, settings.opsRepoId);
    const made = await tx.deployment.create({
      data: {
        id: newId('deployment'),
        ...key,
        target,
        ...columnsOf(settings),
        imageRef: input.imageRef,
        namespace: namespaceOf(project.owner.name, project.name, environment),
        changeId: origin?.changeId ?? newId('change'),
        pipelineId: origin?.pipelineId ?? null,
        deployedBy: caller.principal.userId,
      },
    });
    await publishDeploymentEvent(tx, made, {
      type: 'deployment.created',
      message: `${environment} of ${project.name} was set up`,
      actorId: caller.principal.userId,
      payload: { imageRef: made.imageRef },
      traceparent: caller.request.traceparent,
    });
    await writeAudit(tx, caller, {
      action: 'deployment.created',
      resource: 'deployment',
      resourceId: made.id,
      projectId,
      detail: { environment, imageRef: made.imageRef, target },
    });
    return made;
  });
}

/** Changes image, values or settings; a new desired state follows its image again after a rollback. */
export async function updateDeployment(
  db: PrismaClient,
  caller: Caller,
  deploymentId: string,
  settings: DeploymentSettings,
): Promise<Deployment> {
  return await changeDesired(db, caller, deploymentId, async (row, tx) => {
    await requireOpsRepo(tx, settings.opsRepoId);
    const isNewState =
      settings.imageRef !== undefined ||
      settings.opsRepoId !== undefined ||
      settings.manifestPath !== undefined ||
      settings.valuesOverride !== undefined ||
      settings.commitSha !== undefined;
    return {
      wish: {
        ...columnsOf(settings),
        ...(isNewState
          ? { desiredStatus: 'active', pinnedRevisionId: null, changeId: newId('change') }
          : {}),
      },
      action: 'updated',
      message: `change ${row.environment}`,
      detail: { changed: Object.keys(columnsOf(settings)) },
      isSync: isNewState,
    };
  });
}

function columnsOf(
  settings: DeploymentSettings,
): Partial<Omit<Prisma.DeploymentUncheckedCreateInput, 'history' | 'revisions' | 'syncs'>> {
  const { valuesOverride, ...plain } = settings;
  const given = Object.fromEntries(
    Object.entries(plain).filter(([, value]) => value !== undefined),
  );
  if (valuesOverride === undefined) return given;
  return {
    ...given,
    valuesOverride:
      valuesOverride === null ? Prisma.DbNull : (valuesOverride as Prisma.InputJsonObject),
  };
}

async function requireOpsRepo(
  tx: Prisma.TransactionClient,
  opsRepoId: string | null | undefined,
): Promise<void> {
  if (opsRepoId == null) return;
  const known = await tx.opsRepo.findUnique({ where: { id: opsRepoId } });
  if (known === null) {
    throw new DomainError('validation_failed', 'There is no such ops repository.', {
      errors: [{ pointer: '/opsRepoId', detail: 'expected the id of an ops repository' }],
    });
  }
}

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
  const { liveRevision } = source;
  if (liveRevision === null || source.currentStatus !== 'healthy') {
    throw new DomainError(
      'illegal_transition',
      `Nothing healthy serves in ${source.environment}, so there is nothing to promote.`,
    );
  }
  if (input.to === source.environment) {
    throw new DomainError('validation_failed', `It is in ${input.to} already.`);
  }
  const desired = {
    imageRef: liveRevision.imageRef,
    commitSha: liveRevision.commitSha,
    changeId: liveRevision.changeId,
    pipelineId: source.pipelineId,
  };
  const key = { projectId: source.projectId, environment: input.to };
  const known = await db.deployment.findUnique({ where: { projectId_environment: key } });
  if (known === null) {
    const { opsRepoId, manifestPath, target, bakeSeconds, healthTimeoutSeconds } = source;
    return await createDeployment(db, caller, {
      ...key,
      origin: desired,
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
      wish: { ...desired, desiredStatus: 'active', pinnedRevisionId: null },
      action: 'promoted',
      message: `promote revision ${String(liveRevision.number)} of ${source.environment} to ${row.environment}`,
      detail: { from: source.environment, imageRef: desired.imageRef },
    }),
  );
}
