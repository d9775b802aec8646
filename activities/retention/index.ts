import type { RetentionActivities } from '../../contracts/retention/types.ts';
import { purgeEvents } from '../../domain/event/purge-events.ts';
import { purgeNotices } from '../../domain/notify/purge-notices.ts';
import { expireArtifacts } from '../../domain/pipeline/expire-artifacts.ts';
import { purgeIdempotencyKeys } from '../../domain/retention/purge-idempotency-keys.ts';
import { removeLeftObjects } from '../../domain/retention/remove-left-objects.ts';
import type { BlobStore } from '../../domain/shared/blob-store.ts';
import type { PrismaClient } from '../../prisma/generated/client.ts';

export interface RetentionDeps {
  db: PrismaClient;
  store: BlobStore;
  /** `events.retentionDays` */
  eventDays: number;
}

const BATCH = 1000;

/** Activities of the retention pass, on queue `core`. */
export function createRetentionActivities({
  db,
  store,
  eventDays,
}: RetentionDeps): RetentionActivities {
  return {
    removeOldEvents: async () => ({
      removed: (await purgeEvents(db, eventDays)) + (await purgeNotices(db, eventDays)),
    }),
    async removeExpiredArtifacts() {
      const removed = await expireArtifacts(db, store, { limit: BATCH });
      return { removed, more: removed === BATCH };
    },
    async removeLeftObjects() {
      const removed = await removeLeftObjects(db, store, { limit: BATCH });
      return { removed, more: removed === BATCH };
    },
    removeOldIdempotencyKeys: async () => ({ removed: await purgeIdempotencyKeys(db) }),
  };
}
