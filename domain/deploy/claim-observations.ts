import type { TargetKind } from '../../contracts/deploy/target.ts';
import { unhealthyObserveMs, defaultSyncIntervalMs } from '../../contracts/deploy/types.ts';
import { Prisma } from '../../prisma/generated/client.ts';
import type { Db } from '../shared/db.ts';
import { openSyncStatuses } from './begin-sync.ts';

/**
 * Takes environments at rest whose target is due to be compared with what is desired, longest waiting first: each is given
 * to one caller and is due again after its interval, one that was not healthy sooner. Left out are those that are paused, being removed or rolled out, and
 * those whose workflow has a new desired state to sync: it observes by itself then.
 * @returns ids of deployments
 */
export async function claimObservations(
  db: Db,
  target: TargetKind,
  limit: number,
): Promise<string[]> {
  const open = Prisma.join([...openSyncStatuses]);
  const rows = await db.$queryRaw<{ id: string }[]>`
    UPDATE deployments SET looked_at = clock_timestamp()
    WHERE id IN (
      SELECT d.id FROM deployments d LEFT JOIN ops_repos o ON o.id = d.ops_repo_id
      WHERE d.target = ${target} AND NOT d.is_paused AND NOT d.is_deleting
        AND d.observed_generation >= d.generation
        AND (d.looked_at IS NULL OR d.looked_at <= clock_timestamp() - make_interval(secs =>
             LEAST(COALESCE(o.sync_interval_s, ${defaultSyncIntervalMs / 1000}::int),
                   CASE d.current_status WHEN 'degraded' THEN ${unhealthyObserveMs / 1000}::int END)))
        AND NOT EXISTS (SELECT FROM deployment_syncs s WHERE s.deployment_id = d.id AND s.status IN (${open}))
      ORDER BY d.looked_at NULLS FIRST, d.id LIMIT ${limit}
      FOR UPDATE OF d SKIP LOCKED)
    RETURNING id`;
  return rows.map(({ id }) => id);
}
