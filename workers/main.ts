import path from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  DefaultLogger,
  type LogLevel,
  NativeConnection,
  Runtime,
  Worker,
  type WorkerOptions,
} from '@temporalio/worker';
import { createGitActivities } from '../activities/git/index.ts';
import { createBuildActivities, createPipelineRecords } from '../activities/pipeline/index.ts';
import { databaseUrl, loadConfig } from '../adapters/config/load-config.ts';
import { gitStoreOfConfig } from '../adapters/git/git-store-of-config.ts';
import { openObjectStore } from '../adapters/object-store/open-object-store.ts';
import { loadMasterKey } from '../adapters/secret-box/master-key.ts';
import { createSecretBox } from '../adapters/secret-box/secret-box.ts';
import { createLogger } from '../adapters/telemetry/create-logger.ts';
import { observeDb } from '../adapters/telemetry/observe-db.ts';
import { continueTrace } from '../adapters/telemetry/spans.ts';
import { startTracing } from '../adapters/telemetry/start-tracing.ts';
import { connectTemporal, connectWorker } from '../adapters/temporal/connect-temporal.ts';
import { dataConverter } from '../adapters/temporal/data-converter.ts';
import { clientInterceptors, workerInterceptors } from '../adapters/temporal/trace-interceptors.ts';
import type { Config } from '../contracts/config.ts';
import type { GitActivities } from '../contracts/git/care.ts';
import type { Log } from '../contracts/log.ts';
import { hostTaskQueue, taskQueues } from '../contracts/task-queues.ts';
import { createRepositoryReader } from '../domain/pipeline/repository-reader.ts';
import { hasSecrets } from '../domain/secret/has-secrets.ts';
import { resolveSecrets } from '../domain/secret/resolve-secrets.ts';
import { createDb } from '../domain/shared/db.ts';
import { openListener } from '../domain/shared/listen.ts';
import { scheduleRepositoryCare } from '../launch/git.ts';
import { openBuildHost } from './build-host.ts';
import { createEventHandler } from './handle-event.ts';
import { hostId } from './host-id.ts';
import { isTransientFailure } from './transient-failure.ts';
import { runDispatcher } from './run-dispatcher.ts';
import { runUpkeep } from './run-upkeep.ts';

/** Time that running activities get to end by themselves when the process is told to stop. */
const DRAIN_MS = 20_000;

interface Parts {
  config: Config;
  log: Log;
  connection: NativeConnection;
  shared: Pick<
    WorkerOptions,
    | 'connection'
    | 'namespace'
    | 'dataConverter'
    | 'interceptors'
    | 'shutdownGraceTime'
    | 'shutdownForceTime'
  >;
}

async function main(): Promise<void> {
  const config = loadConfig({ env: process.env, args: process.argv.slice(2) });
  const log = createLogger(config.log, { service: 'workers' });
  installRuntime(log);
  const tracing = startTracing({ ...config.telemetry, version: '0.1.0' });
  const url = databaseUrl(config);
  const db = observeDb(createDb(url, { max: config.database.poolSize }), {
    log,
    thresholdMs: config.database.slowQueryThreshold,
  });
  const box = createSecretBox(
    await loadMasterKey({
      configured: config.secrets.masterKey,
      home: config.home,
      hasSecrets: () => hasSecrets(db),
    }),
  );
  const converter = dataConverter(box);
  const listener = await openListener(url);
  const gitStore = gitStoreOfConfig(config);
  const repositories = createRepositoryReader(gitStore);
  const temporal = connectTemporal(config.temporal, {
    dataConverter: converter,
    interceptors: clientInterceptors(),
  });
  const connection = await connectWorker(config.temporal);
  const host = await openBuildHost(config, process.env, log);
  const hostQueue = hostTaskQueue(await hostId(config.home));
  await host.workspaces.sweep(async (pipelineId) => {
    const run = await db.pipeline.findUnique({
      where: { id: pipelineId },
      select: { status: true },
    });
    return run?.status === 'running' || run?.status === 'pending';
  });
  const parts: Parts = {
    config,
    log,
    connection,
    shared: {
      connection,
      namespace: config.temporal.namespace,
      dataConverter: converter,
      interceptors: workerInterceptors(),
      shutdownGraceTime: DRAIN_MS,
      shutdownForceTime: DRAIN_MS + 5000,
    },
  };
  const build = createBuildActivities({
    db,
    log,
    repositories,
    workspaces: host.workspaces,
    executor: host.executor,
    store: openObjectStore(config),
    resolveSecrets: ({ projectId, names, pipelineId, step }) =>
      resolveSecrets(db, box, {
        projectId,
        names,
        consumer: 'pipeline',
        usedBy: { kind: 'pipeline', id: pipelineId, step },
      }),
    hostQueue,
    limits: host.limits,
  });
  const workers = await createWorkers(
    parts,
    createPipelineRecords(db),
    build,
    hostQueue,
    createGitActivities({ db, gitStore, log }),
  );
  const handle = createEventHandler({ db, client: temporal.client, repositories });
  const stopDispatcher = runDispatcher({
    db,
    listener,
    log,
    consumer: 'core',
    handle: (event) =>
      continueTrace(
        event.traceparent,
        {
          event: event.type,
          change_id: event.changeId,
          ...(event.actorId === null ? {} : { user_id: event.actorId }),
        },
        () => handle(event),
      ),
    isTransient: isTransientFailure,
  });
  const stopUpkeep = runUpkeep({ db, log, retentionDays: config.events.retentionDays });
  const running = Promise.all(workers.map((worker) => worker.run()));
  stopOnSignal(log, workers);
  scheduleRepositoryCare(temporal.client).catch((err: unknown) => {
    log.warn({ err }, 'repository care could not be scheduled; the next start tries again');
  });
  log.info({ hostQueue }, 'workers ready');
  process.send?.({ type: 'ready' });
  try {
    await running;
  } finally {
    await stopDispatcher();
    await stopUpkeep();
    await host.executor.close();
    await connection.close();
    await temporal.close();
    await listener.close();
    await db.$disconnect();
    await tracing.shutdown();
  }
}

type Records = ReturnType<typeof createPipelineRecords>;
type Build = ReturnType<typeof createBuildActivities>;

async function createWorkers(
  parts: Parts,
  records: Records,
  build: Build,
  hostQueue: string,
  git: GitActivities,
): Promise<Worker[]> {
  const { shared, config } = parts;
  const here = path.dirname(fileURLToPath(import.meta.url));
  const { preparePipeline, runStep, removeWorkspace } = build;
  // Cancellation reaches a step with the answer to its heartbeat: they must not be held back.
  const heartbeats = {
    maxHeartbeatThrottleInterval: '1 second',
    defaultHeartbeatThrottleInterval: '1 second',
  } as const;
  return await Promise.all([
    Worker.create({
      ...shared,
      taskQueue: taskQueues.core,
      workflowBundle: { codePath: path.join(here, 'workflow-bundle.js') },
      activities: records,
      maxConcurrentActivityTaskExecutions: 20,
    }),
    Worker.create({
      ...shared,
      ...heartbeats,
      taskQueue: taskQueues.build,
      activities: { preparePipeline },
      maxConcurrentActivityTaskExecutions: 8,
    }),
    Worker.create({
      ...shared,
      ...heartbeats,
      taskQueue: hostQueue,
      activities: { runStep, removeWorkspace },
      maxConcurrentActivityTaskExecutions: config.executor.concurrency + 2,
    }),
    // Packing is heavy: two at a time leave room for what people wait for.
    Worker.create({
      ...shared,
      taskQueue: taskQueues.git,
      activities: { ...git },
      maxConcurrentActivityTaskExecutions: 2,
    }),
  ]);
}

const sdkLevels = {
  TRACE: 'debug',
  DEBUG: 'debug',
  INFO: 'debug',
  WARN: 'info',
  ERROR: 'error',
} as const;

/** The SDK's own lines go through our log; its warnings (an empty queue, a retried activity) are no news to an operator. */
function installRuntime(log: Log): void {
  Runtime.install({
    // Signals are ours: the SDK's own handling would end the process before the dispatcher has stopped.
    shutdownSignals: [],
    logger: new DefaultLogger(
      'INFO',
      ({ level, message, meta }: { level: LogLevel; message: string; meta?: object }) => {
        log[sdkLevels[level]]({ module: 'temporal', ...meta }, message);
      },
    ),
  });
}

/** SIGTERM and SIGINT drain: running steps end within the grace time, others are taken over by whoever comes next. */
function stopOnSignal(log: Log, workers: readonly Worker[]): void {
  let stopping = false;
  const stop = (signal: NodeJS.Signals) => {
    if (stopping) return;
    stopping = true;
    log.info({ signal }, 'workers stop');
    for (const worker of workers) if (worker.getState() === 'RUNNING') worker.shutdown();
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
}

main().then(
  () => {
    process.exit(0);
  },
  (error: unknown) => {
    process.stderr.write(
      `${JSON.stringify({ level: 'fatal', time: new Date().toISOString(), msg: error instanceof Error ? error.message : 'workers failed', stack: error instanceof Error ? error.stack : undefined })}\n`,
    );
    process.exit(1);
  },
);
