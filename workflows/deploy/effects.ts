import { proxyActivities, proxyLocalActivities } from '@temporalio/workflow';
import type { DeployEffects, DeployRecords } from '../../contracts/deploy/activities.ts';
import type { TargetKind } from '../../contracts/deploy/target.ts';
import { taskQueues } from '../../contracts/task-queues.ts';
import { countedLosses, lostThrice } from '../losses.ts';

/** What a sync does to its target; removing everything waits longer, see `removing`. */
export type SyncEffects = Omit<DeployEffects, 'removeAll'>;

/** Every effect beats: a lost worker is noticed within it. */
const heartbeatTimeout = '10 seconds';

const retry = {
  initialInterval: '200 milliseconds',
  maximumInterval: '10 seconds',
} as const;

const counted = { ...retry, ...countedLosses };

/**
 * Rows of deployments: over Postgres only and idempotent, tried until the database is back. Those that people wait for run
 * within the workflow's own task: no queue, no events but one.
 */
export function deployRecords(): DeployRecords {
  const options = { startToCloseTimeout: '30 seconds', retry } as const;
  const { reportContested, refuseDesired, forgetDeployment } = proxyActivities<DeployRecords>({
    taskQueue: taskQueues.core,
    ...options,
  });
  // Merges commits of strangers.
  const { openRevert } = proxyActivities<Pick<DeployRecords, 'openRevert'>>({
    taskQueue: taskQueues.core,
    ...options,
    retry: { ...retry, ...countedLosses },
  });
  const { readDesired, readAbort, setSyncStatus, finishSync } = proxyLocalActivities<
    Pick<DeployRecords, 'readDesired' | 'readAbort' | 'setSyncStatus' | 'finishSync'>
  >({
    ...options,
    // a database that stays away is waited for by a timer, not by a workflow task that is kept open
    localRetryThreshold: '5 seconds',
  });
  return {
    readDesired,
    readAbort,
    setSyncStatus,
    finishSync,
    reportContested,
    refuseDesired,
    openRevert: (input) => lostThrice('the revert was opened', () => openRevert(input)),
    forgetDeployment,
  };
}

/**
 * The effects at a target. Those that change something and are idempotent are tried for ten minutes, then the sync
 * fails and is undone; watching goes on for as long as it was asked to, and a lost watcher is replaced within seconds.
 * All of them work on manifests of strangers: the third loss in a row of one is its failure. That of `planSync` is counted
 * by whoever plans.
 */
export function deployEffects(target: TargetKind, healthTimeoutMs: number): SyncEffects {
  const taskQueue = target === 'local' ? taskQueues.deployLocal : taskQueues.deploy;
  const quick = proxyActivities<SyncEffects>({
    taskQueue,
    startToCloseTimeout: '2 minutes',
    scheduleToCloseTimeout: '10 minutes',
    heartbeatTimeout,
    retry: counted,
    // What is under way comes to its end before anything is taken down: it would bring it back.
    cancellationType: 'WAIT_CANCELLATION_COMPLETED',
  });
  const watching = proxyActivities<Pick<DeployEffects, 'awaitWave' | 'awaitUndone' | 'watchBake'>>({
    taskQueue,
    startToCloseTimeout: Math.max(healthTimeoutMs, 60_000) * 2 + 24 * 3_600_000,
    heartbeatTimeout,
    retry: counted,
    cancellationType: 'TRY_CANCEL',
  });
  // Nobody waits for an observation; it is tried until the target is back. One that is given up has ended before something else
  // begins, or it would write down what it saw of a world that is no more.
  const observing = proxyActivities<Pick<DeployEffects, 'observe'>>({
    taskQueue,
    startToCloseTimeout: '2 minutes',
    heartbeatTimeout,
    retry: { ...counted, maximumInterval: '1 minute' },
    cancellationType: 'WAIT_CANCELLATION_COMPLETED',
  });
  return {
    planSync: quick.planSync,
    applyWave: (input) => lostThrice('objects were applied', () => quick.applyWave(input)),
    pruneObjects: (input) => lostThrice('objects were pruned', () => quick.pruneObjects(input)),
    restorePruned: (input) => lostThrice('pruning was undone', () => quick.restorePruned(input)),
    undoWave: (input) => lostThrice('objects were put back', () => quick.undoWave(input)),
    heal: (input) => lostThrice('drift was put right', () => quick.heal(input)),
    awaitWave: (input) => lostThrice('objects were watched', () => watching.awaitWave(input)),
    awaitUndone: (input) => lostThrice('the undo was watched', () => watching.awaitUndone(input)),
    watchBake: (input) => lostThrice('it baked', () => watching.watchBake(input)),
    observe: (input) => lostThrice('the target was observed', () => observing.observe(input)),
  };
}

/**
 * Removing everything: tried until the target says that nothing is left, however long that takes and however often its
 * worker is lost. It reads no manifest.
 */
export function removing(target: TargetKind): Pick<DeployEffects, 'removeAll'> {
  return proxyActivities<Pick<DeployEffects, 'removeAll'>>({
    taskQueue: target === 'local' ? taskQueues.deployLocal : taskQueues.deploy,
    startToCloseTimeout: '10 minutes',
    heartbeatTimeout,
    retry: { ...retry, maximumInterval: '1 minute' },
  });
}
