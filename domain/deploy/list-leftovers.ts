import { refKey } from '../../contracts/deploy/manifest.ts';
import type { Db } from '../shared/db.ts';
import { refOfObject } from './sync-objects.ts';

/**
 * Objects that only rollouts made which never became good and were not undone: superseded, or left to a person. Since the
 * last success, for that one took over or removed whatever was there. As `refKey`; some may never have been applied.
 */
export async function listLeftovers(db: Db, deploymentId: string): Promise<Set<string>> {
  const { _max: last } = await db.deploymentSync.aggregate({
    where: { deploymentId, status: 'succeeded' },
    _max: { number: true },
  });
  const objects = await db.deploymentSyncObject.findMany({
    where: {
      operation: 'apply',
      undo: 'remove',
      status: { not: 'undone' },
      sync: {
        deploymentId,
        status: { in: ['superseded', 'needs_human'] },
        number: { gt: last.number ?? 0 },
      },
    },
  });
  return new Set(objects.map((object) => refKey(refOfObject(object))));
}
