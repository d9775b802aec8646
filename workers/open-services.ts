import type { NativeConnection } from '@temporalio/worker';
import type { DataConverter } from '@temporalio/common';
import { databaseUrl } from '../adapters/config/load-config.ts';
import { gitStoreOfConfig } from '../adapters/git/git-store-of-config.ts';
import { mirrorStoreOfConfig } from '../adapters/git/mirror-store-of-config.ts';
import { openObjectStore } from '../adapters/object-store/open-object-store.ts';
import type { ObjectStore } from '../adapters/object-store/object-store.ts';
import { createSpawner, type Spawner } from '../adapters/spawner/spawner.ts';
import { loadMasterKey } from '../adapters/secret-box/master-key.ts';
import { createSecretBox } from '../adapters/secret-box/secret-box.ts';
import { observeDb } from '../adapters/telemetry/observe-db.ts';
import {
  clientOfWorkers,
  connectWorker,
  type TemporalClient,
} from '../adapters/temporal/connect-temporal.ts';
import { createThreadPool } from '../adapters/threads/thread-pool.ts';
import { dataConverter } from '../adapters/temporal/data-converter.ts';
import { startEagerly } from '../adapters/temporal/eager-start.ts';
import { clientInterceptors } from '../adapters/temporal/trace-interceptors.ts';
import type { Config } from '../contracts/config.ts';
import type { MirrorStore } from '../contracts/git/mirror.ts';
import type { GitStore } from '../contracts/git/store.ts';
import type { Log } from '../contracts/log.ts';
import type { SecretBox } from '../contracts/secret/types.ts';
import { type Heavy, heavyBy } from '../domain/heavy/heavy.ts';
import {
  createRepositoryReader,
  type RepositoryReader,
} from '../domain/pipeline/repository-reader.ts';
import { hasSecrets } from '../domain/secret/has-secrets.ts';
import { createDb } from '../domain/shared/db.ts';
import { openListener, type Listener } from '../domain/shared/listen.ts';
import type { PrismaClient } from '../prisma/generated/client.ts';

/** What the workers of one process share. */
export interface WorkerServices {
  config: Config;
  log: Log;
  db: PrismaClient;
  listener: Listener;
  secretBox: SecretBox;
  spawner: Spawner;
  gitStore: GitStore;
  mirrors: MirrorStore;
  /** what reads texts of strangers, in threads with limits */
  heavy: Heavy;
  repositories: RepositoryReader;
  objectStore: ObjectStore;
  temporal: TemporalClient;
  connection: NativeConnection;
  converter: DataConverter;
  close: () => Promise<void>;
}

/** Connects to everything that the configuration names. */
export async function openServices(config: Config, log: Log): Promise<WorkerServices> {
  const url = databaseUrl(config);
  const db = observeDb(createDb(url, { max: config.database.poolSize }), {
    log,
    thresholdMs: config.database.slowQueryThreshold,
  });
  const masterKey = await loadMasterKey({
    configured: config.secrets.masterKey,
    home: config.home,
    hasSecrets: () => hasSecrets(db),
  });
  const secretBox = createSecretBox(masterKey);
  const listener = await openListener(url);
  const connection = await connectWorker(config.temporal);
  const { workflow } = clientInterceptors();
  const temporal = clientOfWorkers(connection, {
    namespace: config.temporal.namespace,
    dataConverter: dataConverter(secretBox, 'client'),
    interceptors: { workflow: [...workflow, startEagerly(['pipelineRunWorkflow'])] },
  });
  const spawner = createSpawner();
  const gitStore = gitStoreOfConfig(config, spawner);
  const threads = createThreadPool();
  const heavy = heavyBy(threads.run);
  return {
    config,
    log,
    db,
    listener,
    secretBox,
    spawner,
    gitStore,
    mirrors: mirrorStoreOfConfig(config, spawner),
    heavy,
    repositories: createRepositoryReader(gitStore, heavy),
    objectStore: openObjectStore(config),
    temporal,
    connection,
    converter: dataConverter(secretBox, 'worker'),
    async close() {
      await threads.close();
      await spawner.close();
      await temporal.close();
      await connection.close();
      await listener.close();
      await db.$disconnect();
    },
  };
}
