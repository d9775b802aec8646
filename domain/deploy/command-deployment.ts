import type { Caller } from '../../contracts/identity/principal.ts';
import { DomainError } from '../../contracts/problems.ts';
import type { Deployment, PrismaClient } from '../../prisma/generated/client.ts';
import { changeDesired } from './change-desired.ts';
import { revisionBefore } from './revision-before.ts';

/** Applies what is desired once more, without a build (seed 001: deploy is not build). */
export async function syncDeployment(
  db: PrismaClient,
  caller: Caller,
  deploymentId: string,
): Promise<Deployment> {
  return await changeDesired(db, caller, deploymentId, () =>
    Promise.resolve({ desired: {}, action: 'sync_requested', message: 'sync again' }),
  );
}

/**
 * Goes back to a revision that was good: the one before what serves, unless a number is given. No pipeline runs again.
 * @throws DomainError `illegal_transition` when there is none to go back to, or it is not known to be good
 */
export async function rollBackDeployment(
  db: PrismaClient,
  caller: Caller,
  input: { deploymentId: string; revision: number | null; reason: string | null },
): Promise<Deployment> {
  const { deploymentId, revision, reason } = input;
  return await changeDesired(db, caller, deploymentId, async (row, tx) => {
    const good = await tx.deploymentRevision.findMany({
      where: { deploymentId, status: 'good', trimmedAt: null },
      orderBy: { goodAt: 'desc' },
    });
    const wanted =
      revision === null
        ? await revisionBefore(tx, row)
        : good.find(({ number }) => number === revision);
    if (wanted == null) {
      throw new DomainError(
        'illegal_transition',
        revision === null
          ? 'There is no earlier good revision to go back to.'
          : `Revision ${String(revision)} is not among the good ones that are kept: ${good.map((one) => one.number).join(', ') || 'none'}.`,
      );
    }
    return {
      desired: {
        desiredStatus: 'rollback',
        pinnedRevisionId: wanted.id,
        pinnedByUndo: false,
        imageRef: wanted.imageRef,
      },
      action: 'rolled_back',
      message: `roll ${row.environment} back to revision ${String(wanted.number)}`,
      detail: { revision: wanted.number, reason },
    };
  });
}

/** Takes the application down: no replica runs, what it needs stays. */
export async function stopDeployment(
  db: PrismaClient,
  caller: Caller,
  deploymentId: string,
): Promise<Deployment> {
  return await changeDesired(db, caller, deploymentId, (row) => {
    if (row.desiredStatus === 'stopped') {
      throw new DomainError('illegal_transition', 'It is stopped already.');
    }
    return Promise.resolve({
      desired: { desiredStatus: 'stopped' },
      action: 'stopped',
      message: `stop ${row.environment}`,
    });
  });
}

/** Brings a stopped application up again, as it was; one that was rolled back stays at its revision. */
export async function startDeployment(
  db: PrismaClient,
  caller: Caller,
  deploymentId: string,
): Promise<Deployment> {
  return await changeDesired(db, caller, deploymentId, (row) => {
    if (row.desiredStatus !== 'stopped') {
      throw new DomainError('illegal_transition', 'It is not stopped.');
    }
    return Promise.resolve({
      desired: { desiredStatus: row.pinnedRevisionId === null ? 'active' : 'rollback' },
      action: 'started',
      message: `start ${row.environment}`,
    });
  });
}

/**
 * Sets how many replicas run, over the manifests' own number: of the workloads that run the deployment's image, of all
 * Deployments where none does. 0 stops everything; null gives it back to the manifests.
 */
export async function scaleDeployment(
  db: PrismaClient,
  caller: Caller,
  input: { deploymentId: string; replicas: number | null },
): Promise<Deployment> {
  return await changeDesired(db, caller, input.deploymentId, (row) =>
    Promise.resolve({
      desired: { replicas: input.replicas },
      action: 'scaled',
      message: `scale ${row.environment} to ${String(input.replicas ?? 'what its manifests say')}`,
      detail: { replicas: input.replicas },
    }),
  );
}

/** Pauses: a rollout holds before its next wave, no drift is healed. Resuming goes on from there. */
export async function pauseDeployment(
  db: PrismaClient,
  caller: Caller,
  input: { deploymentId: string; paused: boolean; reason: string | null },
): Promise<Deployment> {
  const word = input.paused ? 'paused' : 'resumed';
  return await changeDesired(db, caller, input.deploymentId, (row) => {
    if (row.isPaused === input.paused) {
      throw new DomainError('illegal_transition', `It is ${word} already.`);
    }
    return Promise.resolve({
      desired: { isPaused: input.paused },
      action: word,
      message: `${input.paused ? 'pause' : 'resume'} ${row.environment}${input.reason === null ? '' : `: ${input.reason}`}`,
      detail: { reason: input.reason },
      isSync: false,
    });
  });
}

/** Asks that everything of it is taken down, and then the deployment itself. */
export async function deleteDeployment(
  db: PrismaClient,
  caller: Caller,
  deploymentId: string,
): Promise<void> {
  await changeDesired(db, caller, deploymentId, async (row, tx) => {
    // Else its workflow would bring it back.
    await tx.preview.updateMany({
      where: { mergeRequestId: row.mergeRequestId ?? '' },
      data: { stopReason: 'stopped' },
    });
    return {
      desired: { isDeleting: true },
      action: 'deleted',
      message: `remove ${row.environment}`,
    };
  });
}
