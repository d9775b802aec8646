import { publishEvent } from '../event/publish-event.ts';
import type { Db } from '../shared/db.ts';

/**
 * Publishes to whoever watches a rollout that something of it moved. It is not kept: what counts afterwards are the rows, and
 * the events of its beginning and its end.
 */
export async function publishProgress(db: Db, syncId: string): Promise<void> {
  const sync = await db.deploymentSync.findUnique({
    where: { id: syncId },
    select: { changeId: true, deployment: true },
  });
  if (sync === null) return;
  const { deployment, changeId } = sync;
  await publishEvent(db, {
    type: 'deployment.progressed',
    projectId: deployment.projectId,
    changeId,
    subjectId: deployment.id,
    payload: { environment: deployment.environment, syncId },
    persist: false,
  });
}
