import { mkdir, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { serve, type ServerType } from '@hono/node-server';
import { databaseUrl, loadConfig } from '../adapters/config/load-config.ts';
import { startDemo } from '../adapters/demo/start-demo.ts';
import { gitStoreOfConfig } from '../adapters/git/git-store-of-config.ts';
import { openObjectStore } from '../adapters/object-store/open-object-store.ts';
import { loadMasterKey } from '../adapters/secret-box/master-key.ts';
import { createSecretBox } from '../adapters/secret-box/secret-box.ts';
import { createLogger } from '../adapters/telemetry/create-logger.ts';
import { observeDb } from '../adapters/telemetry/observe-db.ts';
import { startTracing } from '../adapters/telemetry/start-tracing.ts';
import { tracingMiddleware } from '../adapters/telemetry/tracing-middleware.ts';
import type { Config } from '../contracts/config.ts';
import type { Log } from '../contracts/log.ts';
import { bootstrapAdmin } from '../domain/identity/bootstrap-admin.ts';
import { createLogHub } from '../domain/pipeline/log-hub.ts';
import { hasSecrets } from '../domain/secret/has-secrets.ts';
import { createDb } from '../domain/shared/db.ts';
import { openListener } from '../domain/shared/listen.ts';
import { createApp } from './app.ts';
import type { Services } from './services.ts';

const version = '0.1.0';

/** A file that only its owner may read, written whole or not at all. */
async function writePrivateFile(file: string, text: string): Promise<void> {
  await mkdir(path.dirname(file), { recursive: true });
  await writeFile(`${file}.new`, text, { mode: 0o600 });
  await rename(`${file}.new`, file);
}

/** Makes the first user on the very first start and leaves password and token for whoever started it. */
async function welcomeAdmin(db: Services['db'], home: string): Promise<void> {
  const admin = await bootstrapAdmin(db);
  if (admin === null) return;
  await writePrivateFile(path.join(home, 'admin-password'), `${admin.password}\n`);
  await writePrivateFile(path.join(home, 'admin-token'), `${admin.token}\n`);
}

async function main(): Promise<void> {
  const config = loadConfig({ env: process.env, args: process.argv.slice(2) });
  const log = createLogger(config.log, { service: 'api' });
  const tracing = startTracing({ ...config.telemetry, version });
  const url = databaseUrl(config);
  const db = observeDb(createDb(url, { max: config.database.poolSize }), {
    log,
    thresholdMs: config.database.slowQueryThreshold,
  });
  const listener = await openListener(url);
  const masterKey = await loadMasterKey({
    configured: config.secrets.masterKey,
    home: config.home,
    hasSecrets: () => hasSecrets(db),
  });
  await welcomeAdmin(db, config.home);
  let stopping = false;
  const logHub = createLogHub(listener);
  const app = createApp({
    db,
    config,
    log,
    version,
    healthChecks: {},
    webRoot: path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../web/dist'),
    isStopping: () => stopping,
    gitStore: gitStoreOfConfig(config),
    objectStore: openObjectStore(config),
    logHub,
    secretBox: createSecretBox(masterKey),
    observeRequests: tracingMiddleware(),
    startDemo: (token) =>
      startDemo(`http://${loopback(config)}:${String(config.server.port)}`, token),
  });
  const server = serve({
    fetch: app.fetch,
    hostname: config.server.host,
    port: config.server.port,
    serverOptions: { maxHeaderSize: 16_384 },
  });
  server.once('listening', () => {
    log.info({ host: config.server.host, port: config.server.port }, 'api ready');
    process.send?.({ type: 'ready' });
  });
  const stop = (signal: NodeJS.Signals) => {
    if (stopping) return;
    stopping = true;
    log.info({ signal }, 'api stops');
    void closeServer(server, config.server.shutdownTimeout)
      .then(async () => {
        logHub.close();
        await listener.close();
        await db.$disconnect();
        await tracing.shutdown();
      })
      .finally(() => process.exit(0));
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
  server.on('error', (error: NodeJS.ErrnoException) => {
    fail(log, error);
  });
}

function loopback(config: Config): string {
  return ['0.0.0.0', '::'].includes(config.server.host) ? '127.0.0.1' : config.server.host;
}

/** Takes no new connections, lets requests in flight end, cuts what is left when the time is up. */
async function closeServer(server: ServerType, timeoutMs: number): Promise<void> {
  await new Promise<void>((resolve) => {
    const hard = setTimeout(() => {
      if ('closeAllConnections' in server) server.closeAllConnections();
    }, timeoutMs);
    server.close(() => {
      clearTimeout(hard);
      resolve();
    });
    if ('closeIdleConnections' in server) server.closeIdleConnections();
  });
}

function fail(log: Log, error: unknown): void {
  log.error({ err: error }, 'the API cannot start');
  process.exitCode = 1;
  setTimeout(() => process.exit(1), 100);
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
});
