import type { SyncStatus } from '../../contracts/deploy/types.ts';
import type { Deployment, Pipeline } from '../../prisma/generated/client.ts';
import type { Db } from '../shared/db.ts';

/** What became of a deployment that a run asked for. */
export interface RunDeployment {
  deploymentId: string;
  environment: string;
  /** of its newest rollout; `pending`: none has begun yet, `refused`: what is asked for cannot be rolled out */
  status: SyncStatus | 'pending' | 'refused';
  reason: string | null;
  /** number of the revision that was rolled out; null where none was */
  revision: number | null;
}

type Asking = Pick<Pipeline, 'id' | 'changeId'>;

type Wanted = Pick<
  Deployment,
  'generation' | 'observedGeneration' | 'currentStatus' | 'desiredStatus' | 'imageRef'
>;

/** A deployment that a run asked for: with its newest rollout, or as the run wants it (`syncStatus` null). */
interface Row extends Wanted {
  pipelineId: string;
  changeId: string | null;
  deploymentId: string;
  environment: string;
  syncStatus: string | null;
  reason: string | null;
  revision: number | null;
  liveImageRef: string | null;
}

/**
 * The deployments that each of these runs asked for, previews among them, by environment; also those to which what it
 * built was promoted. What was asked for since by something else says nothing of the run.
 * @returns by the run's id; a run that asked for none is absent. One statement, however many runs.
 */
export async function deploymentsOfRuns(
  db: Db,
  runs: readonly Asking[],
): Promise<ReadonlyMap<string, RunDeployment[]>> {
  const ids = runs.map((run) => run.id);
  const rows = await db.$queryRaw<Row[]>`
    WITH asked AS (
      SELECT * FROM (
        SELECT DISTINCT ON (pipeline_id, change_id, deployment_id)
               pipeline_id, change_id, deployment_id, status, reason, revision_id
          FROM deployment_syncs WHERE pipeline_id = ANY(${ids}) AND action = 'deploy'
         ORDER BY pipeline_id, change_id, deployment_id, number DESC) begun
      UNION ALL
      SELECT pipeline_id, change_id, id, NULL, status_message, NULL
        FROM deployments WHERE pipeline_id = ANY(${ids})
    )
    SELECT asked.pipeline_id AS "pipelineId", asked.change_id AS "changeId", d.id AS "deploymentId", d.environment,
           asked.status AS "syncStatus", asked.reason, r.number AS revision, d.generation,
           d.observed_generation AS "observedGeneration", d.current_status AS "currentStatus",
           d.desired_status AS "desiredStatus", d.image_ref AS "imageRef", live.image_ref AS "liveImageRef"
      FROM asked JOIN deployments d ON d.id = asked.deployment_id
      LEFT JOIN deployment_revisions r ON r.id = asked.revision_id
      LEFT JOIN deployment_revisions live ON live.id = d.live_revision_id`;
  const found = runs.map((run) => {
    const own = rows.filter((row) => row.pipelineId === run.id && row.changeId === run.changeId);
    return [run.id, told(own)] as const;
  });
  return new Map(found.filter(([, deployments]) => deployments.length > 0));
}

function told(rows: readonly Row[]): RunDeployment[] {
  const begun = new Set(
    rows.filter((row) => row.syncStatus !== null).map((row) => row.deploymentId),
  );
  return rows
    .flatMap((row): RunDeployment[] => {
      const { deploymentId, environment, reason, revision } = row;
      const base = { deploymentId, environment, reason, revision };
      if (row.syncStatus !== null) return [{ ...base, status: row.syncStatus as SyncStatus }];
      const status = begun.has(deploymentId) ? null : statusWithoutSync(row);
      return status === null ? [] : [{ ...base, status }];
    })
    .sort((a, b) => (a.environment < b.environment ? -1 : 1));
}

/** Null where what the run asked for is served already: nothing had to be done. */
function statusWithoutSync(one: Row): 'pending' | 'refused' | null {
  if (one.observedGeneration < one.generation) return 'pending';
  if (one.currentStatus === 'failed' || one.currentStatus === 'degraded') return 'refused';
  // In quarantine already: what served before serves on.
  const isOther = one.desiredStatus === 'active' && one.liveImageRef !== one.imageRef;
  return isOther ? 'refused' : null;
}
