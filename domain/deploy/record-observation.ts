import type { FieldDrift, ServiceAddress } from '../../contracts/deploy/target.ts';
import { refKey } from '../../contracts/deploy/manifest.ts';
import type { Deployment, Prisma, PrismaClient } from '../../prisma/generated/client.ts';
import { storableJson, storableText } from '../shared/storable-json.ts';
import { inTransaction } from '../shared/tx.ts';
import { publishDeploymentEvent } from './deployment-event.ts';
import { publishPreviewEvent } from './preview-event.ts';

/** Fields that are told and kept; with more, all of it is amiss. */
const maxDrift = 100;

/** One word for a field of an object: `apps/Deployment/ns/web#/spec/replicas`. */
export function driftKey(drift: Pick<FieldDrift, 'ref' | 'path'>): string {
  return `${refKey(drift.ref)}#${drift.path}`;
}

/** Values of Secrets never leave the target. */
function shownDrift(drift: FieldDrift): Prisma.InputJsonObject {
  const hidden = drift.ref.kind === 'Secret';
  const shown = (value: unknown) =>
    hidden || value === undefined
      ? null
      : (storableJson({ value })['value'] as Prisma.InputJsonValue);
  return {
    object: refKey(drift.ref),
    path: drift.path,
    desired: shown(drift.desired),
    live: shown(drift.live),
    manager: drift.manager,
  };
}

/** A preview that is reachable now, or elsewhere than before, is told with its merge request. */
async function tellAddresses(
  tx: Prisma.TransactionClient,
  deployment: Deployment,
  addresses: readonly ServiceAddress[],
): Promise<void> {
  const urlsOf = (all: unknown) => ((all ?? []) as ServiceAddress[]).map(({ url }) => url);
  const urls = urlsOf(addresses);
  if (deployment.mergeRequestId === null || urls.length === 0) return;
  if (urls.join(' ') === urlsOf(deployment.addresses).join(' ')) return;
  const mergeRequest = await tx.mergeRequest.findUniqueOrThrow({
    where: { id: deployment.mergeRequestId },
  });
  await publishPreviewEvent(tx, mergeRequest, {
    type: 'preview.up',
    message: `the preview of !${String(mergeRequest.number)} is up`,
    payload: { deploymentId: deployment.id, commitSha: deployment.commitSha, urls },
  });
}

/** Writes down what an observation of the target found; events tell of health that turned and of drift that was not there before. */
export async function recordObservation(
  db: PrismaClient,
  deployment: Deployment,
  found: {
    healthy: boolean;
    message: string | null;
    drift: FieldDrift[];
    addresses: ServiceAddress[];
  },
): Promise<void> {
  const status = found.healthy ? 'healthy' : 'degraded';
  const drift = found.drift.slice(0, maxDrift);
  const message = found.message === null ? null : storableText(found.message);
  await inTransaction(db, async (tx) => {
    const turned = await tx.deployment.updateMany({
      where: { id: deployment.id, currentStatus: { in: ['healthy', 'degraded'], not: status } },
      // What was said of its ill health ends with that.
      data: { currentStatus: status, statusMessage: found.healthy ? null : message },
    });
    await tx.deployment.update({
      where: { id: deployment.id },
      data: {
        observedAt: new Date(),
        drift: drift.map(shownDrift),
        addresses: found.addresses.map((address) => ({ ...address })),
      },
    });
    if (turned.count > 0) {
      await publishDeploymentEvent(tx, deployment, {
        type: 'deployment.health_changed',
        message: `${deployment.environment} is ${status}${found.message === null ? '' : `: ${found.message}`}`,
        payload: { status, reason: found.message },
      });
    }
    await tellAddresses(tx, deployment, found.addresses);
    await tellFreshDrift(tx, deployment, drift);
  });
}

/** Drift that is about to be put right: what came since the observation is told, too. */
export async function recordDrift(
  db: PrismaClient,
  deployment: Deployment,
  found: readonly FieldDrift[],
): Promise<void> {
  const drift = found.slice(0, maxDrift);
  await inTransaction(db, async (tx) => {
    await tellFreshDrift(tx, deployment, drift);
    await tx.deployment.update({
      where: { id: deployment.id },
      data: { drift: drift.map(shownDrift) },
    });
  });
}

/** @param deployment with the drift that was told before */
async function tellFreshDrift(
  tx: Prisma.TransactionClient,
  deployment: Deployment,
  drift: readonly FieldDrift[],
): Promise<void> {
  const told = (deployment.drift ?? []) as { object: string; path: string }[];
  const before = new Set(told.map(({ object, path }) => `${object}#${path}`));
  const fresh = drift.map(driftKey).filter((key) => !before.has(key));
  if (fresh.length === 0) return;
  await publishDeploymentEvent(tx, deployment, {
    type: 'deployment.drift_found',
    message: `${deployment.environment}: ${String(fresh.length)} fields are not as desired`,
    payload: { fields: fresh },
  });
}
