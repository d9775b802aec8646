import { Client, Connection } from '@temporalio/client';
import { NativeConnection, Worker } from '@temporalio/worker';
import { createPreviewRecords } from '../../activities/deploy/preview-records.ts';
import type { DeployEffects, DeployRecords } from '../../contracts/deploy/activities.ts';
import { deploymentWorkflowId } from '../../contracts/deploy/ids.ts';
import { deploymentStateQuery } from '../../contracts/deploy/messages.ts';
import type { DeploymentState } from '../../contracts/deploy/types.ts';
import type { GateActivities } from '../../contracts/gate/activities.ts';
import type { DeliveryActivities } from '../../contracts/notify/delivery.ts';
import type { PipelineActivities } from '../../contracts/pipeline/activities.ts';
import { taskQueues } from '../../contracts/task-queues.ts';
import { forgetDeployment } from '../../domain/deploy/forget-deployment.ts';
import { readDesired } from '../../domain/deploy/read-desired.ts';
import { newId } from '../../domain/shared/new-id.ts';
import type { Deployment, Prisma, PrismaClient } from '../../prisma/generated/client.ts';
import { eventually } from './eventually.ts';
import { createMemoryStore } from './memory-store.ts';
import { testNamespace } from './temporal.ts';
import { bundleWorkflows } from './workflow-bundle.mjs';

/** Entities of environments and previews that run for real, at a target that has nothing to do. */
export interface EntityHost {
  client: Client;
  /** deployments that were planned for, in order */
  planned: string[];
  /** waits until the entity of a row rests */
  atRest(row: Pick<Deployment, 'projectId' | 'environment'>): Promise<DeploymentState>;
  close(): Promise<void>;
}

/**
 * Starts workers of workflows and of a target, in a namespace of their own. `onPlan` is what a planning writes down; `more`
 * are activities in place of those that have nothing to do, on further `queues` too.
 */
export async function openEntityHost(
  db: PrismaClient,
  onPlan: (deploymentId: string) => Promise<void> = () => Promise.resolve(),
  more: Partial<
    DeployEffects & DeployRecords & GateActivities & PipelineActivities & DeliveryActivities
  > = {},
  queues: readonly string[] = [],
): Promise<EntityHost> {
  const { address, namespace } = await testNamespace();
  const client = new Client({ connection: await Connection.connect({ address }), namespace });
  const connection = await NativeConnection.connect({ address });
  const planned: string[] = [];
  const store = createMemoryStore();
  const records: Pick<DeployRecords, 'readDesired' | 'forgetDeployment'> = {
    readDesired: ({ deploymentId }) => readDesired(db, deploymentId),
    forgetDeployment: ({ deploymentId }) => forgetDeployment(db, store, deploymentId),
  };
  const effects: Pick<DeployEffects, 'planSync' | 'observe' | 'removeAll'> = {
    planSync: async ({ deploymentId }) => {
      planned.push(deploymentId);
      await onPlan(deploymentId);
      return { kind: 'nothing', reason: 'there is nothing to do here' };
    },
    observe: () => Promise.resolve({ revisionChanged: false, drift: [], healthy: true }),
    removeAll: () => Promise.resolve(),
  };
  const workers = [
    await Worker.create({
      connection,
      namespace,
      taskQueue: taskQueues.core,
      workflowBundle: await bundleWorkflows(),
      activities: { ...records, ...createPreviewRecords(db), ...more },
    }),
    await Worker.create({
      connection,
      namespace,
      taskQueue: taskQueues.deployLocal,
      activities: { ...effects, ...more },
    }),
    ...(await Promise.all(
      queues.map((taskQueue) =>
        Worker.create({ connection, namespace, taskQueue, activities: { ...more } }),
      ),
    )),
  ];
  const running = Promise.all(workers.map((worker) => worker.run()));
  return {
    client,
    planned,
    atRest: ({ projectId, environment }) =>
      eventually(async () => {
        const id = deploymentWorkflowId(projectId, environment);
        const state = await client.workflow.getHandle(id).query(deploymentStateQuery);
        return state.phase === 'idle' && state.generation > 0 ? state : undefined;
      }, 60_000),
    async close() {
      for (const worker of workers) worker.shutdown();
      await running;
      await client.connection.close();
      await connection.close();
    },
  };
}

/** A deployment that was set up long ago and serves what it should. */
export async function makeDeployment(
  db: PrismaClient,
  projectId: string,
  columns: Partial<Prisma.DeploymentUncheckedCreateInput> = {},
): Promise<Deployment> {
  const longAgo = new Date(Date.now() - 600_000);
  const { history: _history, revisions: _revisions, syncs: _syncs, ...plain } = columns;
  const id = newId('deployment');
  return await db.deployment.create({
    data: {
      id,
      projectId,
      environment: 'production',
      imageRef: 'registry.example/app:1',
      // no two deployments share one
      namespace: `app-${id.slice(-10)}`,
      currentStatus: 'healthy',
      generation: 1,
      observedGeneration: 1,
      createdAt: longAgo,
      updatedAt: longAgo,
      ...plain,
    },
  });
}

/** A sync of a deployment that began long ago and has not ended. */
export async function makeOpenSync(
  db: PrismaClient,
  deployment: Deployment,
): Promise<{ id: string; revisionId: string }> {
  const revisionId = newId('deploymentRevision');
  await db.deploymentRevision.create({
    data: {
      id: revisionId,
      deploymentId: deployment.id,
      number: 1,
      contentKey: revisionId,
      imageRef: deployment.imageRef,
      manifestsRef: 'manifests/none',
    },
  });
  const id = newId('deploymentSync');
  await db.deploymentSync.create({
    data: {
      id,
      deploymentId: deployment.id,
      projectId: deployment.projectId,
      number: 1,
      generation: deployment.generation,
      revisionId,
      action: 'deploy',
      status: 'running',
      startedAt: new Date(Date.now() - 600_000),
    },
  });
  return { id, revisionId };
}
