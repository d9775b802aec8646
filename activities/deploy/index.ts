import type { DeployEffects, DeployRecords } from '../../contracts/deploy/activities.ts';
import { finishSync } from '../../domain/deploy/finish-sync.ts';
import { forgetDeployment } from '../../domain/deploy/forget-deployment.ts';
import { readDesired } from '../../domain/deploy/read-desired.ts';
import { reportContested } from '../../domain/deploy/report-contested.ts';
import { setSyncStatus } from '../../domain/deploy/set-sync-status.ts';
import { trimRevisions } from '../../domain/deploy/store-revision.ts';
import type { BlobStore } from '../../domain/shared/blob-store.ts';
import type { PrismaClient } from '../../prisma/generated/client.ts';
import { translating } from '../translating.ts';
import { applyWave, pruneObjects, registerUndo, restorePruned, undoWave } from './apply-wave.ts';
import { awaitUndone, awaitWave, watchBake } from './await-health.ts';
import type { DeployActivityDeps } from './deps.ts';
import { heal, observe, removeAll } from './observe.ts';
import { planSync } from './plan-sync.ts';

/** Rows of deployments: queue `core`. */
export function createDeployRecords(deps: {
  db: PrismaClient;
  store: BlobStore;
  openRevert: (input: { deploymentId: string; syncId: string }) => Promise<void>;
}): DeployRecords {
  const { db, store } = deps;
  return {
    readDesired: translating(({ deploymentId }) => readDesired(db, deploymentId)),
    setSyncStatus: translating((input) => setSyncStatus(db, input)),
    finishSync: translating(async (input) => {
      await finishSync(db, input);
      await trimRevisions(db, store, input.deploymentId);
    }),
    reportContested: translating((input) => reportContested(db, input)),
    openRevert: translating((input) => deps.openRevert(input)),
    forgetDeployment: translating(({ deploymentId }) => forgetDeployment(db, store, deploymentId)),
  };
}

/** Effects at one target: queue `deploy` or `deploy-local`. */
export function createDeployEffects(deps: DeployActivityDeps): DeployEffects {
  return {
    planSync: translating(planSync(deps)),
    registerUndo: translating(registerUndo(deps)),
    applyWave: translating(applyWave(deps)),
    awaitWave: translating(awaitWave(deps)),
    watchBake: translating(watchBake(deps)),
    pruneObjects: translating(pruneObjects(deps)),
    restorePruned: translating(restorePruned(deps)),
    undoWave: translating(undoWave(deps)),
    awaitUndone: translating(awaitUndone(deps)),
    observe: translating(observe(deps)),
    heal: translating(heal(deps)),
    removeAll: translating(removeAll(deps)),
  };
}
