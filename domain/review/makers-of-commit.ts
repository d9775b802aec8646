import type { Db } from '../shared/db.ts';

/**
 * Whose work a commit of a project is: whoever pushed exactly it to any ref; of a merge request that has it as its head or
 * was merged into it, the author and whoever pushed to its source branch since that was last merged. What somebody rewrote
 * and pushed anew is that one's. Ids of people and agents, in any order.
 */
export async function makersOfCommit(
  db: Db,
  projectId: string,
  commitSha: string | null,
): Promise<string[]> {
  if (commitSha === null) return [];
  const exactly = JSON.stringify([{ newSha: commitSha }]);
  const rows = await db.$queryRaw<{ id: string }[]>`
    WITH requests AS (
      SELECT m.author_id, m.project_id, m.source_branch,
             coalesce(m.merged_at, 'infinity') AS until,
             coalesce((SELECT max(earlier.merged_at) FROM merge_requests earlier
                        WHERE earlier.project_id = m.project_id AND earlier.id <> m.id
                          AND earlier.source_branch = m.source_branch
                          AND earlier.merged_at < coalesce(m.merged_at, 'infinity')), '-infinity') AS since
        FROM merge_requests m
       WHERE m.project_id = ${projectId} AND (m.head_sha = ${commitSha} OR m.merge_sha = ${commitSha})
    )
    SELECT p.pusher_id AS id FROM pushes p
     WHERE p.project_id = ${projectId} AND p.updates @> ${exactly}::jsonb AND p.pusher_id IS NOT NULL
    UNION
    SELECT author_id FROM requests
    UNION
    SELECT p.pusher_id FROM requests r JOIN pushes p ON p.project_id = r.project_id
       AND p.updates @> jsonb_build_array(jsonb_build_object('ref', 'refs/heads/' || r.source_branch))
     WHERE p.created_at > r.since AND p.created_at <= r.until AND p.pusher_id IS NOT NULL`;
  return rows.map(({ id }) => id);
}
