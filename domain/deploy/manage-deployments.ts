import type { TargetKind } from '../../contracts/deploy/target.ts';
import type { Environment } from '../../contracts/deploy/types.ts';
import type { Caller } from '../../contracts/identity/principal.ts';
import { DomainError } from '../../contracts/problems.ts';
import { type Deployment, Prisma, type PrismaClient } from '../../prisma/generated/client.ts';
import { requirePermission } from '../identity/check-access.ts';
import { writeAudit } from '../audit/write-audit.ts';
import { newId } from '../shared/new-id.ts';
import { inTransaction } from '../shared/tx.ts';
import { changeDesired } from './change-desired.ts';
import { publishDeploymentEvent } from './deployment-event.ts';
import { requireOwnImage } from './find-artifact-image.ts';
import { choiceOf, type OpsRepoChoice, requireOpsRepo } from './ops-repo-access.ts';
import { giveNamespace } from './namespace.ts';

/** What an operator may set of a deployment; undefined leaves it. */
export interface DeploymentSettings {
  imageRef?: string | undefined;
  opsRepoId?: string | null | undefined;
  manifestPath?: string | null | undefined;
  valuesOverride?: Record<string, unknown> | null | undefined;
  commitSha?: string | undefined;
  /** never less than the file of the deployed commit asks */
  approvals?: number | undefined;
  bakeSeconds?: number | undefined;
  healthTimeoutSeconds?: number | undefined;
  selfHeal?: boolean | undefined;
  prune?: boolean | undefined;
  /** whether its manifests may hold kinds of the whole cluster; asks for `admin:manage` */
  clusterScope?: boolean | undefined;
}

/** What is promoted comes with what was said of it where it serves. */
interface Origin extends OpsRepoChoice {
  changeId: string | null;
  pipelineId: string | null;
  approvalsAsked: number;
  originIds: string[];
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
    origin?: Origin;
  },
): Promise<Deployment> {
  const { projectId, environment, target, origin, ...settings } = input;
  refusePreview(environment);
  return await inTransaction(db, async (tx) => {
    const project = await tx.project.findUniqueOrThrow({ where: { id: projectId } });
    const key = { projectId, environment };
    const known = await tx.deployment.findFirst({ where: { ...key, mergeRequestId: null } });
    if (known !== null) {
      throw new DomainError('already_exists', `${project.name} has ${environment} already.`);
    }
    const { opsRepoSetBy, opsRepoSetLimits } = origin ?? (await choosing(tx, caller, input));
    await requireOwnImage(tx, projectId, input.imageRef);
    const id = newId('deployment');
    const made = await tx.deployment.create({
      data: {
        id,
        ...key,
        target,
        ...columnsOf(settings),
        opsRepoSetBy,
        opsRepoSetLimits,
        imageRef: input.imageRef,
        namespace: await giveNamespace(tx, { deploymentId: id, projectId, slug: environment }),
        changeId: origin?.changeId ?? newId('change'),
        pipelineId: origin?.pipelineId ?? null,
        approvalsAsked: origin?.approvalsAsked ?? 0,
        deployedBy: caller.principal.userId,
        originIds: origin?.originIds ?? [],
      },
    });
    await tellCreated(tx, caller, made, project.name);
    return made;
  });
}

/** Whoever says which files of an ops repository are rendered must be allowed to read there, and it stays theirs. */
async function choosing(
  tx: Prisma.TransactionClient,
  caller: Caller,
  { projectId, opsRepoId }: { projectId: string; opsRepoId?: string | null | undefined },
): Promise<OpsRepoChoice> {
  if (opsRepoId == null) return { opsRepoSetBy: null, opsRepoSetLimits: Prisma.DbNull };
  await requireOpsRepo(tx, caller, opsRepoId, projectId);
  return choiceOf(caller);
}

/** A preview without a merge request would have nothing that ends it. */
export function refusePreview(environment: Environment): void {
  if (environment !== 'preview') return;
  throw new DomainError(
    'validation_failed',
    'A preview comes with its merge request: write `environment: preview` into the deploy block of .platform.yaml.',
  );
}

async function tellCreated(
  tx: Prisma.TransactionClient,
  caller: Caller,
  made: Deployment,
  projectName: string,
): Promise<void> {
  const { environment, imageRef, target, projectId } = made;
  await publishDeploymentEvent(tx, made, {
    type: 'deployment.created',
    message: `${environment} of ${projectName} was set up`,
    actorId: caller.principal.userId,
    payload: { imageRef },
    traceparent: caller.request.traceparent,
  });
  await writeAudit(tx, caller, {
    action: 'deployment.created',
    resource: 'deployment',
    resourceId: made.id,
    projectId,
    detail: { environment, imageRef, target },
  });
}

/**
 * Changes image, values or settings; a new desired state follows its image again after a rollback.
 * @throws DomainError `forbidden` for the scope of somebody who is no admin, `illegal_transition` when it cannot be taken away
 */
export async function updateDeployment(
  db: PrismaClient,
  caller: Caller,
  deploymentId: string,
  settings: DeploymentSettings,
): Promise<Deployment> {
  return await changeDesired(db, caller, deploymentId, async (row, tx) => {
    const chooses = settings.opsRepoId !== undefined || settings.manifestPath !== undefined;
    const { opsRepoId = row.opsRepoId } = settings;
    const choice = chooses
      ? await choosing(tx, caller, { projectId: row.projectId, opsRepoId })
      : {};
    if (settings.imageRef !== undefined) {
      await requireOwnImage(tx, row.projectId, settings.imageRef);
    }
    const { clusterScope = row.clusterScope } = settings;
    const isRescoped = clusterScope !== row.clusterScope;
    if (isRescoped) await requireScope(tx, caller, row, clusterScope);
    const isNewState =
      settings.imageRef !== undefined ||
      settings.opsRepoId !== undefined ||
      settings.manifestPath !== undefined ||
      settings.valuesOverride !== undefined ||
      settings.commitSha !== undefined;
    return {
      desired: {
        ...columnsOf(settings),
        ...choice,
        ...(settings.opsRepoId === undefined ? {} : { adoptedSha: null }),
        ...(isNewState
          ? { desiredStatus: 'active', pinnedRevisionId: null, changeId: newId('change') }
          : {}),
      },
      action: 'updated',
      message: `change ${row.environment}`,
      detail: {
        changed: Object.keys(columnsOf(settings)),
        ...(isRescoped ? { clusterScope } : {}),
      },
      isSync: isNewState || isRescoped,
    };
  });
}

/** What lies in no namespace reaches everybody in the cluster. Taken away while such objects are there, nobody could remove them. */
async function requireScope(
  tx: Prisma.TransactionClient,
  caller: Caller,
  { id }: Deployment,
  clusterScope: boolean,
): Promise<void> {
  await requirePermission(tx, caller, 'admin:manage', null);
  if (clusterScope) return;
  const last = await tx.deploymentSync.findFirst({
    where: { deploymentId: id, status: 'succeeded' },
    orderBy: { number: 'desc' },
    include: { objects: { where: { operation: 'apply', namespace: '' } } },
  });
  const there = (last?.objects ?? []).map(({ kind, name }) => `${kind} ${name}`);
  if (there.length === 0) return;
  throw new DomainError(
    'illegal_transition',
    `It holds objects of the whole cluster: ${there.slice(0, 10).join(', ')}. Take them out of its manifests, and have them pruned, first.`,
  );
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
