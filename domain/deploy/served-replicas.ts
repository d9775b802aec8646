import type { Db } from '../shared/db.ts';

/** How many replicas the last good sync asked for, over the manifests' own number; null: it left that to them. */
export async function servedReplicas(db: Db, deploymentId: string): Promise<number | null> {
  const last = await db.deploymentSync.findFirst({
    where: { deploymentId, status: 'succeeded' },
    orderBy: { number: 'desc' },
  });
  return last?.replicas ?? null;
}
