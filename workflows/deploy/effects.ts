import { proxyActivities } from '@temporalio/workflow';
import type { DeployEffects } from '../../contracts/deploy/activities.ts';
import type { TargetKind } from '../../contracts/deploy/target.ts';
import { taskQueues } from '../../contracts/task-queues.ts';

/** Every effect beats: a lost worker is noticed within it. */
const heartbeatTimeout = '10 seconds';

const retry = {
  initialInterval: '200 milliseconds',
  maximumInterval: '10 seconds',
} as const;

/**
 * The effects at a target. Those that change something and are idempotent are tried for ten minutes, then the sync
 * fails and is undone; watching goes on for as long as it was asked to, and a lost watcher is replaced within seconds.
 */
export function deployEffects(target: TargetKind, healthTimeoutMs: number): DeployEffects {
  const taskQueue = target === 'local' ? taskQueues.deployLocal : taskQueues.deploy;
  const quick = proxyActivities<DeployEffects>({
    taskQueue,
    startToCloseTimeout: '2 minutes',
    scheduleToCloseTimeout: '10 minutes',
    heartbeatTimeout,
    retry,
  });
  const watching = proxyActivities<Pick<DeployEffects, 'awaitWave' | 'awaitUndone' | 'watchBake'>>({
    taskQueue,
    startToCloseTimeout: Math.max(healthTimeoutMs, 60_000) * 2 + 24 * 3_600_000,
    heartbeatTimeout,
    retry,
    cancellationType: 'TRY_CANCEL',
  });
  // Nobody waits for a look; it is tried until the target is back.
  const looking = proxyActivities<Pick<DeployEffects, 'observe'>>({
    taskQueue,
    startToCloseTimeout: '2 minutes',
    heartbeatTimeout,
    retry: { ...retry, maximumInterval: '1 minute' },
  });
  const { awaitWave, awaitUndone, watchBake } = watching;
  return { ...methodsOf(quick), awaitWave, awaitUndone, watchBake, observe: looking.observe };
}

/** A proxy has no keys of its own, so it cannot be spread. */
function methodsOf(
  effects: DeployEffects,
): Omit<DeployEffects, 'awaitWave' | 'awaitUndone' | 'watchBake' | 'observe'> {
  return {
    planSync: effects.planSync,
    registerUndo: effects.registerUndo,
    applyWave: effects.applyWave,
    pruneObjects: effects.pruneObjects,
    restorePruned: effects.restorePruned,
    undoWave: effects.undoWave,
    heal: effects.heal,
    removeAll: effects.removeAll,
  };
}
