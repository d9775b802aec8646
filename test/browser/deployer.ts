import path from 'node:path';
import { createFileStore } from '../../adapters/object-store/file-store.ts';
import type { Manifest } from '../../contracts/deploy/manifest.ts';
import { refOf } from '../../contracts/deploy/manifest.ts';
import type { PlannedWave } from '../../contracts/deploy/render.ts';
import type { SyncAction, SyncOutcome } from '../../contracts/deploy/types.ts';
import { beginSync } from '../../domain/deploy/begin-sync.ts';
import { finishSync } from '../../domain/deploy/finish-sync.ts';
import { storeRevision } from '../../domain/deploy/store-revision.ts';
import { setObjectStatus, type SyncObjectStatus } from '../../domain/deploy/sync-objects.ts';
import type { DeploymentSync } from '../../prisma/generated/client.ts';
import type { Slipway } from '../support/slipway.ts';

const sha = (digit: string): string => digit.repeat(40);

/** Image by digest, as a green pipeline asks for it. */
export const image = (digit: string): string => `artifact:app@sha256:${digit.repeat(64)}`;

/** Objects of the sample application: a migration before, configuration, the application, a check afterwards. */
function manifestsOf(imageRef: string, replicas: number): Manifest[] {
  const metadata = (name: string) => ({ name, namespace: 'shop' });
  return [
    {
      apiVersion: 'batch/v1',
      kind: 'Job',
      metadata: metadata('migrate'),
      spec: { image: imageRef },
    },
    {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: metadata('shop'),
      data: { LOG_LEVEL: 'info' },
    },
    { apiVersion: 'v1', kind: 'Service', metadata: metadata('shop'), spec: { port: 80 } },
    {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: metadata('shop'),
      spec: { replicas, template: { containers: [{ name: 'shop', image: imageRef }] } },
    },
    { apiVersion: 'batch/v1', kind: 'Job', metadata: metadata('smoke'), spec: { image: imageRef } },
  ];
}

function wavesOf(manifests: readonly Manifest[]): PlannedWave[] {
  const wave = (phase: PlannedWave['phase'], number: number, ...at: number[]): PlannedWave => ({
    phase,
    wave: number,
    objects: manifests
      .filter((_, index) => at.includes(index))
      .map((one) => ({ ref: refOf(one), sha256: '', isHook: false, deletePolicy: [] })),
  });
  return [wave('PreSync', 0, 0), wave('Sync', 0, 1, 2), wave('Sync', 1, 3), wave('PostSync', 0, 4)];
}

/** Does by hand, with the use-cases of the deployer, what its workflow does: so each stage can be looked at. */
export interface Deployer {
  deploymentId: string;
  begin(digit: string, replicas: number, action?: SyncAction): Promise<DeploymentSync>;
  mark(
    sync: DeploymentSync,
    status: SyncObjectStatus,
    at: number[],
    message?: string,
  ): Promise<void>;
  finish(sync: DeploymentSync, outcome: SyncOutcome, reason?: string): Promise<void>;
  /** begins, makes every object healthy and ends well */
  deploy(digit: string, replicas: number, action?: SyncAction): Promise<void>;
}

/** Sets an environment of a project up over the API. */
export async function setUpEnvironment(
  slipway: Slipway,
  project: string,
  environment: string,
): Promise<Deployer> {
  const made = await slipway.request('POST', `/api/v1/projects/admin/${project}/deployments`, {
    environment,
    // no run of the project stored an artifact: the rows are given one below, past the door that asks for it
    imageRef: 'registry.example/shop:1',
    manifestPath: 'deploy',
    bakeSeconds: 600,
  });
  if (made.status !== 201) throw new Error(JSON.stringify(made.body));
  const { id } = made.body as { id: string };
  const { db } = slipway.database;
  const store = createFileStore(path.join(slipway.home, 'objects'));
  const deployer: Deployer = {
    deploymentId: id,
    async begin(digit, replicas, action = 'deploy') {
      const imageRef = image(digit);
      const row = await db.deployment.update({ where: { id }, data: { imageRef } });
      const manifests = manifestsOf(imageRef, replicas);
      const revision = await storeRevision(db, store, row, {
        manifests,
        opsRepoSha: null,
        commitSha: sha(digit),
      });
      return await beginSync(db, row, {
        revision,
        action,
        replicas: null,
        previousReplicas: null,
        secretVersions: new Map(),
        waves: wavesOf(manifests),
        sourceSha: null,
        prune: [],
      });
    },
    async mark(sync, status, at, message) {
      for (const position of at)
        await setObjectStatus(db, { syncId: sync.id, position }, status, message ?? null);
    },
    async finish(sync, outcome, reason) {
      await finishSync(db, { syncId: sync.id, outcome, reason: reason ?? null });
    },
    async deploy(digit, replicas, action) {
      const sync = await deployer.begin(digit, replicas, action);
      await deployer.mark(sync, 'healthy', [0, 1, 2, 3, 4], 'ready');
      await deployer.finish(sync, 'succeeded');
    },
  };
  return deployer;
}
