import { DefaultLogger, type LogLevel, Runtime, type Worker } from '@temporalio/worker';
import { hardenHome } from '../adapters/hardening/home.mjs';
import { hardenProcess } from '../adapters/hardening/process.mjs';
import { exitCodeOf } from '../adapters/config/config-error.ts';
import { databaseUrl, loadConfig } from '../adapters/config/load-config.ts';
import { createLogger } from '../adapters/telemetry/create-logger.ts';
import { continueTrace } from '../adapters/telemetry/spans.ts';
import { startTracing } from '../adapters/telemetry/start-tracing.ts';
import type { EventRecord } from '../contracts/event/types.ts';
import type { Log } from '../contracts/log.ts';
import { scheduleRepositoryCare } from '../launch/git.ts';
import { scheduleReconcile } from '../launch/reconcile.ts';
import { scheduleRetention } from '../launch/retention.ts';
import { createWorkers } from './create-workers.ts';
import { openServices, type WorkerServices } from './open-services.ts';
import { outboxConsumers } from './outbox-consumers.ts';
import { readQueues } from './read-queues.ts';
import { runDispatcher } from './run-dispatcher.ts';
import { isTransientFailure } from './transient-failure.ts';

const version = '0.1.0';

async function main(): Promise<void> {
  hardenProcess();
  const { queues, rest } = readQueues(process.argv.slice(2));
  const config = loadConfig({ env: process.env, args: rest });
  const log = createLogger(config.log, { service: 'workers' });
  installRuntime(log);
  const tracing = await startTracing({ ...config.telemetry, version });
  for (const problem of await hardenHome(config.home, Object.values(config.storage))) {
    log.warn({ module: 'home' }, problem);
  }
  const services = await openServices(config, log);
  const { workers, close } = await createWorkers(services, queues, process.env);
  const stopDispatcher = queues.includes('core') ? dispatch(services) : null;
  const running = Promise.all(workers.map((worker) => worker.run()));
  stopOnSignal(log, workers);
  if (queues.includes('core')) void schedule(services);
  log.info({ queues }, 'workers ready');
  process.send?.({ type: 'ready' });
  try {
    await running;
  } finally {
    await stopDispatcher?.();
    await close();
    await services.close();
    await tracing.shutdown();
  }
}

/** Runs the consumers of the outbox, each event within the trace that it was written in. */
function dispatch(services: WorkerServices): () => Promise<void> {
  const { config, listener, log } = services;
  const traced = (handle: HandleEvent): HandleEvent => {
    return (event) => {
      const fields = {
        event: event.type,
        change_id: event.changeId,
        ...(event.actorId === null ? {} : { user_id: event.actorId }),
      };
      return continueTrace(event.traceparent, fields, () => handle(event));
    };
  };
  const consumers = outboxConsumers(services).map((consumer) => ({
    ...consumer,
    handle: traced(consumer.handle),
    isTransient: isTransientFailure,
  }));
  return runDispatcher({ url: databaseUrl(config), listener, log, consumers });
}

type HandleEvent = (event: EventRecord) => Promise<void>;

/** Upkeep that comes round by itself. A Temporal that cannot take it now is asked again at the next start. */
async function schedule({ temporal, log }: WorkerServices): Promise<void> {
  try {
    await scheduleRepositoryCare(temporal.client);
    await scheduleRetention(temporal.client);
    await scheduleReconcile(temporal.client);
  } catch (error) {
    log.warn({ err: error }, 'upkeep could not be scheduled; the next start tries again');
  }
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
    const { message, stack } = error instanceof Error ? error : new Error('workers failed');
    process.stderr.write(
      `${JSON.stringify({ level: 'fatal', time: new Date().toISOString(), msg: message, stack })}\n`,
    );
    process.exit(exitCodeOf(error));
  },
);
