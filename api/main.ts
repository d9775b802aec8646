import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { exitCodeOf, exitConfig } from '../adapters/config/config-error.ts';
import { databaseUrl, loadConfig } from '../adapters/config/load-config.ts';
import { createDemos } from '../adapters/demo/start-demo.ts';
import { foldersOf, freeSpaceLimits, spaceProblem } from '../adapters/disk/free-space.ts';
import { gitStoreOfConfig } from '../adapters/git/git-store-of-config.ts';
import { mirrorStoreOfConfig } from '../adapters/git/mirror-store-of-config.ts';
import { hardenHome } from '../adapters/hardening/home.mjs';
import { hardenProcess } from '../adapters/hardening/process.mjs';
import { createHostRules } from '../adapters/http/resolve-host.ts';
import { createJwtVerifier } from '../adapters/jwt/verify-jwt.ts';
import { openObjectStore } from '../adapters/object-store/open-object-store.ts';
import { portHolder } from '../adapters/ports/port-holder.ts';
import { loadMasterKey } from '../adapters/secret-box/master-key.ts';
import { createSecretBox } from '../adapters/secret-box/secret-box.ts';
import { createSpawner } from '../adapters/spawner/spawner.ts';
import { createLogger } from '../adapters/telemetry/create-logger.ts';
import { observeDb } from '../adapters/telemetry/observe-db.ts';
import { startTracing } from '../adapters/telemetry/start-tracing.ts';
import { tracingMiddleware } from '../adapters/telemetry/tracing-middleware.ts';
import { createThreadPool } from '../adapters/threads/thread-pool.ts';
import { createTemporalChecks } from '../adapters/temporal/check-temporal.ts';
import type { Config } from '../contracts/config.ts';
import type { Log } from '../contracts/log.ts';
import { openEventBus } from '../domain/event/event-bus.ts';
import { heavyBy } from '../domain/heavy/heavy.ts';
import { createLogHub } from '../domain/pipeline/log-hub.ts';
import { hasSecrets } from '../domain/secret/has-secrets.ts';
import { createDb } from '../domain/shared/db.ts';
import { openListener } from '../domain/shared/listen.ts';
import { createApp } from './app.ts';
import { writeFirstAdmin } from './first-admin.ts';
import { createRequestMetrics, type RequestMetrics } from './middleware/count-requests.ts';
import { EventStreams } from './routes/event/event-streams.ts';
import { PartIll, type HealthCheck, type Services } from './services.ts';
import { PortTaken, startServer } from './start-server.ts';

/** What is behind the requests and must be closed in the end, last first. */
interface Parts {
  services: Services;
  close: () => Promise<void>;
}

// The bundle lies in dist/, the sources in api/: the root of the installation is one up from both.
const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');

function readVersion(): string {
  const text = readFileSync(path.join(root, 'package.json'), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}

/** Folders that an installation may lack. */
function folders(): Pick<Services, 'webRoot' | 'docsRoot'> {
  const webRoot = path.join(root, 'web', 'dist');
  const docsRoot = path.join(root, 'docs');
  return {
    ...(existsSync(path.join(webRoot, 'index.html')) ? { webRoot } : {}),
    ...(existsSync(docsRoot) ? { docsRoot } : {}),
  };
}

async function openSecretBox(config: Config, services: Pick<Services, 'db'>) {
  const { db } = services;
  const { masterKey: configured } = config.secrets;
  const { home } = config;
  return createSecretBox(
    await loadMasterKey({ configured, home, hasSecrets: () => hasSecrets(db) }),
  );
}

function healthChecks(
  temporal: ReturnType<typeof createTemporalChecks>,
  { config, secretBox, objectStore }: Pick<Services, 'config' | 'secretBox' | 'objectStore'>,
): Record<string, HealthCheck> {
  const part = (check: () => Promise<string>): HealthCheck => ({ critical: false, check });
  return {
    disk: part(async () => {
      const problem = await spaceProblem(foldersOf(config), freeSpaceLimits(config));
      if (problem !== null) throw new PartIll(problem);
      return 'ok';
    }),
    temporal: part(temporal.server),
    workers: part(temporal.workers),
    objectStore: part(async () => {
      await objectStore.head('health/probe');
      return 'ok';
    }),
    secrets: part(() =>
      secretBox.keyId === null ? Promise.reject(new Error('sealed')) : Promise.resolve('ok'),
    ),
  };
}

function openMetrics(eventStreams: EventStreams): RequestMetrics {
  const metrics = createRequestMetrics();
  metrics.gauge('slipway_event_streams', 'Event streams open now', () => eventStreams.count);
  return metrics;
}

/** What works beside the requests: threads for what is heavy, and a process that starts git. */
function openHelpers(config: Config) {
  const threads = createThreadPool();
  const spawner = createSpawner();
  return {
    services: {
      heavy: heavyBy(threads.run),
      gitStore: gitStoreOfConfig(config, spawner),
      mirrors: mirrorStoreOfConfig(config),
    },
    close: async () => {
      await threads.close();
      await spawner.close();
    },
  };
}

async function openParts(config: Config, log: Log, isStopping: () => boolean): Promise<Parts> {
  const version = readVersion();
  const tracing = await startTracing({ ...config.telemetry, version });
  const url = databaseUrl(config);
  const { poolSize, maxOverflow, slowQueryThreshold: thresholdMs } = config.database;
  const max = poolSize + maxOverflow;
  const db = observeDb(createDb(url, { max }), { log, thresholdMs });
  const listener = await openListener(url);
  const logHub = createLogHub(listener);
  const bus = await openEventBus({ db, listener, log });
  const { streamsPerCaller } = config.events;
  const eventStreams = new EventStreams(db, bus, { streamsPerCaller });
  const temporal = createTemporalChecks(config.temporal);
  const secretBox = await openSecretBox(config, { db });
  const objectStore = openObjectStore(config);
  const helpers = openHelpers(config);
  const verifyJwt = createJwtVerifier(config.auth.jwt);
  const baseUrl = `http://127.0.0.1:${config.server.port}`;
  return {
    services: {
      db,
      config,
      log,
      version,
      logHub,
      eventStreams,
      secretBox,
      objectStore,
      isStopping,
      ...folders(),
      ...(verifyJwt ? { verifyJwt } : {}),
      ...helpers.services,
      hostRules: createHostRules(config.outbound.allowHosts),
      healthChecks: healthChecks(temporal, { config, secretBox, objectStore }),
      observeRequests: tracingMiddleware(),
      ...(config.metrics.enabled ? { metrics: openMetrics(eventStreams) } : {}),
      startDemo: createDemos(baseUrl),
    },
    close: async () => {
      await helpers.close();
      logHub.close();
      bus.close();
      await temporal.close().catch(() => undefined);
      await listener.close();
      await db.$disconnect();
      await tracing.shutdown();
    },
  };
}

/** SIGTERM or SIGINT: no new connections, requests in flight end (30 s unless told), then the process does. */
async function main(): Promise<void> {
  hardenProcess();
  const config = loadConfig({ env: process.env, args: process.argv.slice(2) });
  const log = createLogger(config.log, { service: 'api' });
  for (const problem of await hardenHome(config.home, Object.values(config.storage))) {
    log.warn({ module: 'home' }, problem);
  }
  const stopping = new AbortController();
  const { services, close } = await openParts(config, log, () => stopping.signal.aborted);
  if (await writeFirstAdmin(services.db, config.home)) {
    log.info({ user: 'admin' }, 'the first admin was made; see admin-password in SLIPWAY_HOME');
  }
  const app = createApp({ ...services, stopSignal: stopping.signal });
  const server = await startServer(app, config.server, portHolder);
  const told = new Promise<NodeJS.Signals>((resolve) => {
    process.once('SIGTERM', resolve);
    process.once('SIGINT', resolve);
  });
  log.info({ host: config.server.host, port: server.port }, 'api ready');
  process.send?.({ type: 'ready' });
  const signal = await told;
  log.info({ signal }, 'api stops');
  stopping.abort();
  services.eventStreams.close();
  await server.stop(config.server.shutdownTimeout);
  await close();
}

main().then(
  () => {
    process.exit(0);
  },
  (error: unknown) => {
    // The log may be what failed, so the last line does not go through it; its message is ours or a driver's.
    const msg = error instanceof Error ? error.message : 'the API failed';
    process.stderr.write(
      `${JSON.stringify({ level: 'fatal', time: new Date().toISOString(), msg })}\n`,
    );
    // a port that is taken is a setting that cannot be used now: whoever supervises us waits until it is free
    process.exit(error instanceof PortTaken ? exitConfig : exitCodeOf(error));
  },
);
