import { proxyActivities, sleep } from '@temporalio/workflow';
import type { ReconcileActivities, ReconcileResult } from '../../contracts/reconcile/types.ts';
import { taskQueues } from '../../contracts/task-queues.ts';

// Over Postgres and the engine; comes round again, so a pass that fails three times waits for the next one.
const reconcile = proxyActivities<ReconcileActivities>({
  taskQueue: taskQueues.core,
  startToCloseTimeout: '10 minutes',
  retry: { initialInterval: '1 second', maximumInterval: '30 seconds', maximumAttempts: 3 },
});

/** Between a row and its workflow something may be on its way: only what still differs after this is repaired. */
const SETTLE_MS = 3_000;

type Found = Awaited<ReturnType<ReconcileActivities['findMismatches']>>;

/** One pass over all unfinished runs: finds where database and engine differ, and repairs what stays so. By schedule. */
export async function reconcileWorkflow(): Promise<ReconcileResult> {
  const result: ReconcileResult = { checked: 0, repaired: 0 };
  let after: string | null = null;
  do {
    const { checked, mismatches, next }: Found = await reconcile.findMismatches({ after });
    result.checked += checked;
    if (mismatches.length > 0) {
      await sleep(SETTLE_MS);
      const { repaired } = await reconcile.repairMismatches({ mismatches });
      result.repaired += repaired;
    }
    after = next;
  } while (after !== null);
  return result;
}
