import { z } from '@hono/zod-openapi';
import { targetKinds } from '../../../contracts/deploy/target.ts';
import {
  currentStatuses,
  desiredStatuses,
  environments,
  syncActions,
  syncStatuses,
} from '../../../contracts/deploy/types.ts';
import { desiredOrigin } from '../../../domain/deploy/desired-origin.ts';
import { neededApprovals } from '../../../domain/deploy/needed-approvals.ts';
import type {
  DeploymentInProject,
  SyncWithObjects,
} from '../../../domain/deploy/read-deployments.ts';
import type { DeploymentRevision } from '../../../prisma/generated/client.ts';

const time = z.iso.datetime().nullable();
const word = z.string().nullable();

export const revisionBody = z
  .object({
    id: z.string(),
    number: z.int(),
    imageRef: z.string(),
    commitSha: word,
    opsRepoSha: word,
    changeId: word,
    status: z.enum(['rendered', 'good', 'bad']),
    quarantineReason: word,
    createdAt: z.iso.datetime(),
    goodAt: time,
  })
  .openapi('DeploymentRevision');

const syncSummary = z.object({
  id: z.string(),
  number: z.int(),
  action: z.enum(syncActions),
  status: z.enum(syncStatuses),
  reason: word,
  changeId: word,
  revision: revisionBody,
  startedAt: z.iso.datetime(),
  finishedAt: time,
});

export const syncBody = syncSummary
  .extend({
    waves: z.array(
      z.object({
        phase: z.enum(['PreSync', 'Sync', 'PostSync', 'SyncFail']),
        wave: z.int(),
        operation: z.enum(['apply', 'prune']),
        objects: z.array(
          z.object({
            kind: z.string(),
            namespace: z.string(),
            name: z.string(),
            status: z.enum(['pending', 'applied', 'healthy', 'failed', 'pruned', 'undone']),
            undo: z.enum(['restore', 'remove', 'none']).nullable(),
            message: word,
            updatedAt: z.iso.datetime(),
          }),
        ),
      }),
    ),
  })
  .openapi('DeploymentSync');

export const deploymentBody = z
  .object({
    id: z.string(),
    project: z.object({ id: z.string(), owner: z.string(), name: z.string() }),
    environment: z.enum(environments),
    target: z.enum(targetKinds),
    namespace: z.string(),
    imageRef: z.string(),
    opsRepo: z.object({ id: z.string(), name: z.string() }).nullable(),
    manifestPath: word,
    valuesOverride: z.record(z.string(), z.unknown()).nullable(),
    desiredStatus: z.enum(desiredStatuses),
    currentStatus: z.enum(currentStatuses),
    statusMessage: word,
    generation: z.int(),
    observedGeneration: z.int(),
    isPaused: z.boolean(),
    isDeleting: z.boolean(),
    replicas: z.int().nullable(),
    approvals: z
      .int()
      .openapi({ description: 'How many must approve a rollout: the larger of the two below' }),
    approvalsSet: z.int().openapi({ description: 'As operators set it: `approvals` of PATCH' }),
    approvalsAsked: z
      .int()
      .openapi({ description: 'As the `.platform.yaml` of the deployed commit asks' }),
    bakeSeconds: z.int(),
    healthTimeoutSeconds: z.int(),
    selfHeal: z.boolean(),
    prune: z.boolean(),
    clusterScope: z.boolean(),
    changeId: word.openapi({ description: 'Of the revision that is desired, as the next two' }),
    commitSha: word,
    pipelineId: word,
    currentSha: word,
    // a union: `nullable` would make the named schema nullable wherever it is used
    liveRevision: z.union([revisionBody, z.null()]),
    lastSync: syncSummary.nullable(),
    drift: z.array(
      z.object({
        object: z.string(),
        path: z.string(),
        desired: z.unknown(),
        live: z.unknown(),
        manager: word,
      }),
    ),
    addresses: z.array(z.object({ service: z.string(), port: z.int(), url: z.string() })),
    deployedBy: word,
    deployedByName: word,
    deployedAt: time,
    observedAt: time,
    createdAt: z.iso.datetime(),
    updatedAt: z.iso.datetime(),
  })
  .openapi('Deployment');

type DeploymentBody = z.output<typeof deploymentBody>;
const iso = (value: Date | null): string | null => value?.toISOString() ?? null;

export function toRevisionBody(revision: DeploymentRevision): z.output<typeof revisionBody> {
  const { id, number, imageRef, commitSha, opsRepoSha, changeId, quarantineReason } = revision;
  return {
    id,
    number,
    imageRef,
    commitSha,
    opsRepoSha,
    changeId,
    quarantineReason,
    status: revision.status as z.output<typeof revisionBody>['status'],
    createdAt: revision.createdAt.toISOString(),
    goodAt: iso(revision.goodAt),
  };
}

function toSyncSummary(sync: DeploymentInProject['syncs'][number]): z.output<typeof syncSummary> {
  return {
    id: sync.id,
    number: sync.number,
    action: sync.action as z.output<typeof syncSummary>['action'],
    status: sync.status as z.output<typeof syncSummary>['status'],
    reason: sync.reason,
    changeId: sync.changeId,
    revision: toRevisionBody(sync.revision),
    startedAt: sync.startedAt.toISOString(),
    finishedAt: iso(sync.finishedAt),
  };
}

/** Rows of a sync → its waves in order, pruning where it runs. */
export function toSyncBody(sync: SyncWithObjects): z.output<typeof syncBody> {
  const waves: z.output<typeof syncBody>['waves'] = [];
  for (const object of sync.objects) {
    const { phase, wave, operation } = object as unknown as (typeof waves)[number];
    const last = waves.at(-1);
    const isSame = last?.phase === phase && last.wave === wave && last.operation === operation;
    const into = isSame ? last : { phase, wave, operation, objects: [] };
    if (!isSame) waves.push(into);
    const { kind, namespace, name, message } = object;
    const status = object.status as (typeof into.objects)[number]['status'];
    const undo = object.undo as (typeof into.objects)[number]['undo'];
    const updatedAt = object.updatedAt.toISOString();
    into.objects.push({ kind, namespace, name, status, undo, message, updatedAt });
  }
  return { ...toSyncSummary(sync), waves };
}

/** Database row → answer of the API. */
export function toDeploymentBody(row: DeploymentInProject): DeploymentBody {
  const { opsRepo, liveRevision, syncs } = row;
  const [last] = syncs;
  return {
    id: row.id,
    project: { id: row.project.id, owner: row.project.owner.name, name: row.project.name },
    environment: row.environment as DeploymentBody['environment'],
    target: row.target as DeploymentBody['target'],
    namespace: row.namespace,
    imageRef: row.imageRef,
    opsRepo: opsRepo === null ? null : { id: opsRepo.id, name: opsRepo.name },
    manifestPath: row.manifestPath,
    valuesOverride: row.valuesOverride as DeploymentBody['valuesOverride'],
    desiredStatus: row.desiredStatus as DeploymentBody['desiredStatus'],
    currentStatus: row.currentStatus as DeploymentBody['currentStatus'],
    statusMessage: row.statusMessage,
    generation: row.generation,
    observedGeneration: row.observedGeneration,
    isPaused: row.isPaused,
    isDeleting: row.isDeleting,
    replicas: row.replicas,
    approvals: neededApprovals(row),
    approvalsSet: row.approvals,
    approvalsAsked: row.approvalsAsked,
    bakeSeconds: row.bakeSeconds,
    healthTimeoutSeconds: row.healthTimeoutSeconds,
    selfHeal: row.selfHeal,
    prune: row.prune,
    clusterScope: row.clusterScope,
    ...desiredOrigin(row),
    currentSha: row.currentSha,
    liveRevision: liveRevision === null ? null : toRevisionBody(liveRevision),
    lastSync: last === undefined ? null : toSyncSummary(last),
    drift: (row.drift ?? []) as DeploymentBody['drift'],
    addresses: (row.addresses ?? []) as DeploymentBody['addresses'],
    deployedBy: row.deployedBy,
    deployedByName: row.deployer?.name ?? null,
    deployedAt: iso(row.deployedAt),
    observedAt: iso(row.observedAt),
    createdAt: row.createdAt.toISOString(),
    updatedAt: row.updatedAt.toISOString(),
  };
}
