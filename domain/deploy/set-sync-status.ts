import type { Db } from '../shared/db.ts';
import { storableText } from '../shared/storable-json.ts';
import { openSyncStatuses } from './begin-sync.ts';
import { publishProgress } from './publish-progress.ts';

/** Shows where an open sync is. Nothing happens to one that has ended. */
export async function setSyncStatus(
  db: Db,
  input: { syncId: string; status: (typeof openSyncStatuses)[number]; reason: string | null },
): Promise<void> {
  const { count } = await db.deploymentSync.updateMany({
    where: { id: input.syncId, status: { in: [...openSyncStatuses] } },
    data: {
      status: input.status,
      ...(input.reason === null ? {} : { reason: storableText(input.reason) }),
    },
  });
  if (count > 0) await publishProgress(db, input.syncId);
}
