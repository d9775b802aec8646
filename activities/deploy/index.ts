import type { DeployEffects, DeployRecords } from '../../contracts/deploy/activities.ts';
import { readAbort } from '../../domain/deploy/abort-deployment.ts';
import { finishSync } from '../../domain/deploy/finish-sync.ts';
import { forgetDeployment } from '../../domain/deploy/forget-deployment.ts';
import { readDesired } from '../../domain/deploy/read-desired.ts';
import { refuseDesired } from '../../domain/deploy/refuse-desired.ts';
import { reportContested } from '../../domain/deploy/report-contested.ts';
import { setSyncStatus } from '../../domain/deploy/set-sync-status.ts';
import { trimRevisions } from '../../domain/deploy/store-revision.ts';
import type { BlobStore } from '../../domain/shared/blob-store.ts';
import type { PrismaClient } from '../../prisma/generated/client.ts';
import type { Patience } from '../patience.ts';
import { withHeartbeat } from '../with-heartbeat.ts';
import { translating } from '../translating.ts';
import { applyWave, pruneObjects, restorePruned, undoWave } from './apply-wave.ts';
import { awaitUndone, awaitWave, watchBake } from './await-health.ts';
import type { DeployActivityDeps } from './deps.ts';
import { heal } from './heal.ts';
import { observe } from './observe.ts';
import { planSync } from './plan-sync.ts';
import { removeAll } from './remove-all.ts';

/** Rows of deployments: queue `core`. */
export function createDeployRecords(deps: {
  db: PrismaClient;
  store: BlobStore;
  openRevert: (input: { deploymentId: string; syncId: string }) => Promise<void>;
}): DeployRecords {
  const { db, store } = deps;
  return {
    readDesired: translating(({ deploymentId }) => readDesired(db, deploymentId)),
    readAbort: translating(({ deploymentId }) => readAbort(db, deploymentId)),
    setSyncStatus: translating((input) => setSyncStatus(db, input)),
    finishSync: translating(async (input) => {
      const ended = await finishSync(db, input);
      await trimRevisions(db, store, input.deploymentId);
      return ended;
    }),
    reportContested: translating((input) => reportContested(db, input)),
    refuseDesired: translating((input) => refuseDesired(db, input)),
    openRevert: translating((input) => deps.openRevert(input)),
    forgetDeployment: translating(({ deploymentId }) => forgetDeployment(db, store, deploymentId)),
  };
}

const heartbeatMs = 2000;

/** An effect beats while it works, so that one whose worker was lost is begun again within seconds. */
function effect<Input, Answer>(
  work: (input: Input) => Promise<Answer>,
  patience?: Patience,
): (input: Input) => Promise<Answer> {
  return translating((input) => withHeartbeat(heartbeatMs, () => work(input)), patience);
}

/** Effects at one target: queue `deploy` or `deploy-local`. */
export function createDeployEffects(deps: DeployActivityDeps): DeployEffects {
  return {
    planSync: effect(planSync(deps), deps.patience),
    applyWave: effect(applyWave(deps)),
    awaitWave: effect(awaitWave(deps)),
    watchBake: effect(watchBake(deps)),
    pruneObjects: effect(pruneObjects(deps)),
    restorePruned: effect(restorePruned(deps)),
    undoWave: effect(undoWave(deps)),
    awaitUndone: effect(awaitUndone(deps)),
    observe: effect(observe(deps)),
    heal: effect(heal(deps)),
    removeAll: effect(removeAll(deps)),
  };
}
