import { patched, proxyActivities } from '@temporalio/workflow';
import type { RetentionActivities, RetentionResult } from '../../contracts/retention/types.ts';
import { taskQueues } from '../../contracts/task-queues.ts';

// Idempotent, and comes round again every hour: what fails five times waits for the next pass.
const retention = proxyActivities<RetentionActivities>({
  taskQueue: taskQueues.core,
  startToCloseTimeout: '10 minutes',
  retry: { initialInterval: '1 second', maximumInterval: '30 seconds', maximumAttempts: 5 },
});

/** A pass of more batches than this leaves the rest to the next hour. */
const MAX_BATCHES = 500;

/** Removes what has outlived its time: events, artifacts, kept answers, objects of deleted projects. By schedule. */
export async function retentionWorkflow(): Promise<RetentionResult> {
  const { removed: events } = await retention.removeOldEvents();
  const { removed: idempotencyKeys } = await retention.removeOldIdempotencyKeys();
  const artifacts = await inBatches(retention.removeExpiredArtifacts);
  // A pass lasts minutes: the old way can go when one of before is nowhere replayed any more.
  const leftObjects = patched('objects-left-by-projects')
    ? await inBatches(retention.removeLeftObjects)
    : 0;
  return { events, artifacts, leftObjects, idempotencyKeys };
}

async function inBatches(
  remove: () => Promise<{ removed: number; more: boolean }>,
): Promise<number> {
  let sum = 0;
  for (let batch = 0; batch < MAX_BATCHES; batch += 1) {
    const { removed, more } = await remove();
    sum += removed;
    if (!more) break;
  }
  return sum;
}
