import path from 'node:path';
import { Worker, type WorkerOptions } from '@temporalio/worker';
import { createDeployEffects } from '../activities/deploy/index.ts';
import type { DeployActivityDeps } from '../activities/deploy/deps.ts';
import { observe } from '../activities/deploy/observe.ts';
import { renderManifests } from '../activities/deploy/render-manifests.ts';
import { platformPorts } from '../adapters/config/platform-ports.ts';
import { openKubernetesTarget } from '../adapters/kubernetes/kubernetes-target.ts';
import { openLocalTarget } from '../adapters/local-target/local-target.ts';
import { createManifestTools } from '../adapters/render/manifest-tools.ts';
import type { DeployTarget } from '../contracts/deploy/target.ts';
import { DomainError } from '../contracts/problems.ts';
import { taskQueues } from '../contracts/task-queues.ts';
import { fetchFirst } from '../domain/deploy/fetch-ops-repo.ts';
import { openArtifact } from '../domain/pipeline/read-artifact.ts';
import { findArtifactImage } from '../domain/deploy/find-artifact-image.ts';
import { ManifestFiles } from '../domain/deploy/manifest-files.ts';
import { deploySecrets } from './deploy-secrets.ts';
import { createMasker } from '../domain/pipeline/mask.ts';
import { wakeById } from './handle-deploy-event.ts';
import type { RunningWorkers } from './running-workers.ts';
import type { WorkerServices } from './open-services.ts';
import { watchTarget } from './watch-targets.ts';

type Shared = Omit<WorkerOptions, 'taskQueue'>;

/** Workers of the deploy targets that this process reaches; applications of the local one run beneath it. */
export async function deployWorkers(
  services: WorkerServices,
  shared: Shared,
  env: NodeJS.ProcessEnv,
): Promise<RunningWorkers> {
  const local = await openLocal(services, env);
  const cluster = await openCluster(services);
  const workers: Worker[] = [];
  const watches: (() => Promise<void>)[] = [];
  for (const target of [local?.target, cluster]) {
    if (target == null) continue;
    workers.push(await targetWorker(services, shared, target));
    watches.push(watch(services, target));
  }
  const close = async () => {
    await Promise.all(watches.map((stop) => stop()));
    await local?.close();
  };
  return { workers, close };
}

/** Whoever serves a target also observes what rests on it. */
function watch(services: WorkerServices, target: DeployTarget): () => Promise<void> {
  const { db, log, temporal } = services;
  const observeOne = observe(effectDeps(services, target));
  return watchTarget({
    db,
    log,
    target: target.kind,
    observe: (deploymentId) => observeOne({ deploymentId }),
    wake: (deploymentId) => wakeById({ db, client: temporal.client }, deploymentId),
  });
}

async function targetWorker(
  services: WorkerServices,
  shared: Shared,
  target: DeployTarget,
): Promise<Worker> {
  return await Worker.create({
    ...shared,
    // A watcher beats while it sleeps: its cancellation must reach it at once.
    maxHeartbeatThrottleInterval: '1 second',
    defaultHeartbeatThrottleInterval: '1 second',
    taskQueue: target.kind === 'local' ? taskQueues.deployLocal : taskQueues.deploy,
    activities: { ...createDeployEffects(effectDeps(services, target)) },
    maxConcurrentActivityTaskExecutions: 100,
  });
}

/** Only where a cluster is configured, or this process runs in one. */
async function openCluster({ config, log }: WorkerServices): Promise<DeployTarget | null> {
  try {
    return await openKubernetesTarget(config.kubernetes);
  } catch (error) {
    if (!(error instanceof DomainError)) throw error;
    log.info({ reason: error.message }, 'no Kubernetes cluster to deploy to');
    return null;
  }
}

async function openLocal(
  services: WorkerServices,
  env: NodeJS.ProcessEnv,
): Promise<{ target: DeployTarget; close: () => Promise<void> } | null> {
  const { config, db, log, objectStore, secretBox, spawner } = services;
  try {
    const target = await openLocalTarget({
      root: path.resolve(config.home, 'apps'),
      images: {
        isOf: async (image, projectId) => (await findArtifactImage(db, image, projectId)) !== null,
        async open(image, projectId) {
          const artifact = await findArtifactImage(db, image, projectId);
          const body = artifact === null ? null : await openArtifact(objectStore, artifact);
          if (body === null) throw new DomainError('not_found', `${image.text} is gone.`);
          return body;
        },
      },
      log: (level, message) => {
        log[level]({ module: 'local-target' }, message);
      },
      masker: (values) => createMasker(values),
      secretBox,
      spawner,
      hostEnv: env,
      ownPorts: platformPorts(config),
    });
    return { target, close: () => target.close() };
  } catch (error) {
    if (!(error instanceof DomainError)) throw error;
    log.warn({ err: error }, 'the local deploy target is not available here');
    return null;
  }
}

function effectDeps(services: WorkerServices, target: DeployTarget): DeployActivityDeps {
  const { config, db, log, objectStore, gitStore, mirrors, secretBox } = services;
  const temp = path.resolve(config.home, config.storage.tempRoot);
  return {
    db,
    log,
    store: objectStore,
    gitStore,
    manifestFiles: new ManifestFiles(gitStore),
    fetchOpsRepo: (opsRepoId) => fetchFirst({ db, mirrors, secretBox, log }, opsRepoId),
    target,
    render: renderManifests(createManifestTools({ temp }), services.heavy),
    secrets: deploySecrets(db, secretBox, gitStore),
  };
}
