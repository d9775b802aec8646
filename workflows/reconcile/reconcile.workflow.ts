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

type Page<Mismatch> = { checked: number; mismatches: Mismatch[]; next: string | null };

/**
 * One pass over all unfinished runs, all environments and previews: finds where database and engine differ, and repairs what stays
 * so; then commands that were put aside. By schedule.
 */
export async function reconcileWorkflow(): Promise<ReconcileResult> {
  const result: ReconcileResult = { checked: 0, repaired: 0 };
  await everyPage(result, reconcile.findMismatches, reconcile.repairMismatches);
  await everyPage(result, reconcile.findDeploymentMismatches, reconcile.repairDeploymentMismatches);
  const { repaired } = await reconcile.retryCommands();
  result.repaired += repaired;
  return result;
}

async function everyPage<Mismatch>(
  result: ReconcileResult,
  find: (input: { after: string | null }) => Promise<Page<Mismatch>>,
  repair: (input: { mismatches: Mismatch[] }) => Promise<{ repaired: number }>,
): Promise<void> {
  let after: string | null = null;
  do {
    const page: Page<Mismatch> = await find({ after });
    result.checked += page.checked;
    if (page.mismatches.length > 0) {
      await sleep(SETTLE_MS);
      const { repaired } = await repair({ mismatches: page.mismatches });
      result.repaired += repaired;
    }
    after = page.next;
  } while (after !== null);
}
