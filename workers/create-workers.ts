import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { Worker, type WorkerOptions } from '@temporalio/worker';
import { createGitActivities } from '../activities/git/index.ts';
import { createDeliveryRecords, createDeliverySender } from '../activities/notify/index.ts';
import { mostWaitingSteps, openStepPlaces } from '../activities/pipeline/step-place.ts';
import { createBuildActivities, createPipelineRecords } from '../activities/pipeline/index.ts';
import { createReconcileActivities } from '../activities/reconcile/index.ts';
import { createRetentionActivities } from '../activities/retention/index.ts';
import { foldersOf, freeSpaceLimits, spaceProblem } from '../adapters/disk/free-space.ts';
import { serveStepFetches } from '../adapters/git/serve-step.ts';
import { workerInterceptors } from '../adapters/temporal/trace-interceptors.ts';
import { hostTaskQueue, taskQueues } from '../contracts/task-queues.ts';
import { secretsOfRun } from '../domain/pipeline/secrets-of-run.ts';
import { createDeployRecords } from '../activities/deploy/index.ts';
import { createPreviewRecords } from '../activities/deploy/preview-records.ts';
import { openBuildHost } from './build-host.ts';
import { deliveryDeps } from './delivery-deps.ts';
import { deployWorkers } from './deploy-workers.ts';
import { hostId } from './host-id.ts';
import { openRevert } from './open-revert.ts';
import type { WorkerServices } from './open-services.ts';
import { mergeDue } from './merge-due.ts';
import { pollOpsRepos } from './poll-ops-repos.ts';
import { reconcileDeps } from './reconcile-deps.ts';
import type { RunningWorkers } from './running-workers.ts';
import { publicUrl } from './public-url.ts';

/** Time that running activities get to end by themselves when the process is told to stop. */
const DRAIN_MS = 20_000;

/** Workflows whose state is kept in memory between their tasks; what ended is not among them. */
const mostCachedWorkflows = 250;

/** Queues that a process may serve; `build` includes the queue of its own host. */
export const workerQueues = ['core', 'git', 'build', 'deploy'] as const;
export type WorkerQueue = (typeof workerQueues)[number];

/** Makes a worker for each of the queues, each with the activities of its resource class. */
export async function createWorkers(
  services: WorkerServices,
  queues: readonly WorkerQueue[],
  env: NodeJS.ProcessEnv,
): Promise<RunningWorkers> {
  const { connection, config, converter } = services;
  const shared = {
    connection,
    namespace: config.temporal.namespace,
    dataConverter: converter,
    interceptors: workerInterceptors(),
    shutdownGraceTime: DRAIN_MS,
    shutdownForceTime: DRAIN_MS + 5000,
  };
  const workers: Worker[] = [];
  if (queues.includes('core')) workers.push(await coreWorker(services, shared));
  if (queues.includes('core')) workers.push(await notifyWorker(services, shared));
  if (queues.includes('git')) workers.push(await gitWorker(services, shared));
  const hosts: RunningWorkers[] = [];
  if (queues.includes('build')) hosts.push(await buildWorkers(services, shared, env));
  // Polling needs the repositories and the way out, as what else this class of workers does.
  if (queues.includes('git')) hosts.push({ workers: [], close: pollOpsRepos(services) });
  if (queues.includes('git'))
    hosts.push({ workers: [], close: mergeDue({ ...services, git: services.gitStore }) });
  if (queues.includes('deploy')) hosts.push(await deployWorkers(services, shared, env));
  return {
    workers: [...workers, ...hosts.flatMap((host) => host.workers)],
    close: async () => {
      await Promise.all(hosts.map((host) => host.close()));
    },
  };
}

type Shared = Omit<WorkerOptions, 'taskQueue'>;

async function coreWorker(services: WorkerServices, shared: Shared): Promise<Worker> {
  const { db, objectStore, config } = services;
  const here = path.dirname(fileURLToPath(import.meta.url));
  return await Worker.create({
    ...shared,
    taskQueue: taskQueues.core,
    workflowBundle: { codePath: path.join(here, 'workflow-bundle.js') },
    activities: {
      ...createPipelineRecords(db),
      ...createDeliveryRecords(db),
      ...createReconcileActivities(reconcileDeps(services)),
      ...createPreviewRecords(db),
      ...createDeployRecords({ db, store: objectStore, openRevert: openRevert(services) }),
      ...createRetentionActivities({
        db,
        store: objectStore,
        eventDays: config.events.retentionDays,
      }),
    },
    maxConcurrentActivityTaskExecutions: 20,
    // As it comes, a machine of 24 GB keeps 2,300. Who is not among them is replayed from its history when it is woken.
    maxCachedWorkflows: mostCachedWorkflows,
  });
}

/** Mail and webhooks, beside the core queue: slow receivers take no slot of what pipelines wait for. */
async function notifyWorker(services: WorkerServices, shared: Shared): Promise<Worker> {
  return await Worker.create({
    ...shared,
    taskQueue: taskQueues.notify,
    activities: { ...createDeliverySender(deliveryDeps(services)) },
    maxConcurrentActivityTaskExecutions: 20,
  });
}

async function gitWorker({ db, gitStore, log }: WorkerServices, shared: Shared): Promise<Worker> {
  return await Worker.create({
    ...shared,
    taskQueue: taskQueues.git,
    activities: { ...createGitActivities({ db, gitStore, log }) },
    // Packing is heavy: two at a time leave room for what people wait for.
    maxConcurrentActivityTaskExecutions: 2,
  });
}

/** Steps of pipelines: the queue that any build host may serve, and this host's own, which runs come back to. */
async function buildWorkers(
  services: WorkerServices,
  shared: Shared,
  env: NodeJS.ProcessEnv,
): Promise<RunningWorkers> {
  const { config, db, log, secretBox } = services;
  const host = await openBuildHost(config, env, log, services.spawner);
  await host.workspaces.sweep(async (pipelineId) => {
    const run = await db.pipeline.findUnique({
      where: { id: pipelineId },
      select: { status: true },
    });
    return run?.status === 'running' || run?.status === 'pending';
  });
  const hostQueue = hostTaskQueue(await hostId(config.home));
  const activities = createBuildActivities({
    db,
    log,
    repositories: services.repositories,
    heavy: services.heavy,
    workspaces: host.workspaces,
    executor: host.executor,
    store: services.objectStore,
    resolveSecrets: (input) => secretsOfRun(db, services.gitStore, secretBox, input),
    serveFetches: (repository) =>
      serveStepFetches(services.gitStore, repository, (error) => {
        log.error({ err: error, repository: repository.fullName }, 'a fetch of a step failed');
      }),
    cloneUrl: (fullName) => `${publicUrl(config)}/${fullName}.git`,
    hostQueue,
    places: openStepPlaces(config.executor.concurrency),
    // One place of the project's is left for its other runs.
    share: Math.max(1, config.executor.concurrency - 1),
    limits: host.limits,
    spaceProblem: () => spaceProblem(foldersOf(config), freeSpaceLimits(config)),
  });
  const workers = await hostWorkers(services, shared, { hostQueue, ...activities });
  return { workers, close: () => host.executor.close() };
}

type BuildActivities = ReturnType<typeof createBuildActivities>;

async function hostWorkers(
  { config }: WorkerServices,
  shared: Shared,
  host: BuildActivities & { hostQueue: string },
): Promise<Worker[]> {
  const { hostQueue, preparePipeline, ...onHost } = host;
  // Cancellation reaches a step with the answer to its heartbeat: they must not be held back.
  const beating = {
    ...shared,
    maxHeartbeatThrottleInterval: '1 second',
    defaultHeartbeatThrottleInterval: '1 second',
  } as const;
  return await Promise.all([
    Worker.create({
      ...beating,
      taskQueue: taskQueues.build,
      activities: { preparePipeline },
      maxConcurrentActivityTaskExecutions: 8,
    }),
    Worker.create({
      ...beating,
      taskQueue: hostQueue,
      activities: onHost,
      // Steps wait for their place here, where it is known whose they are; two more are for what removes workspaces.
      maxConcurrentActivityTaskExecutions: config.executor.concurrency + mostWaitingSteps + 2,
    }),
  ]);
}
