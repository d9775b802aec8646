import { zeroSha } from '../../contracts/git/ref-name.ts';
import type { Db } from '../shared/db.ts';

/**
 * Whose work a commit of a project is: whoever pushed exactly it to any ref; of a merge request that has it as its head or
 * was merged into it, the author and whoever pushed to its source branch since that was last merged. What somebody rewrote
 * and pushed anew is that one's. Ids of people and agents, in any order.
 *
 * A commit that nobody is known to have made is not nobody's: one that came along below a head, or that was found
 * without its push (repair-refs.ts), counts as the work of each agent that may have brought it.
 */
export async function makersOfCommit(
  db: Db,
  projectId: string,
  commitSha: string | null,
): Promise<string[]> {
  if (commitSha === null) return [];
  const exactly = JSON.stringify([{ newSha: commitSha }]);
  const rows = await db.$queryRaw<{ id: string | null }[]>`
    WITH requests AS (
      SELECT m.author_id, m.project_id, m.source_branch,
             coalesce(m.merged_at, 'infinity') AS until,
             coalesce((SELECT max(earlier.merged_at) FROM merge_requests earlier
                        WHERE earlier.project_id = m.project_id AND earlier.id <> m.id
                          AND earlier.source_branch = m.source_branch
                          AND earlier.merged_at < coalesce(m.merged_at, 'infinity')), '-infinity') AS since
        FROM merge_requests m
       WHERE m.project_id = ${projectId} AND (m.head_sha = ${commitSha} OR m.merge_sha = ${commitSha})
    ), moves AS (
      SELECT p.pusher_id, ${commitSha} AS sha FROM pushes p
       WHERE p.project_id = ${projectId} AND p.updates @> ${exactly}::jsonb
      UNION
      SELECT p.pusher_id, moved->>'newSha' FROM requests r JOIN pushes p ON p.project_id = r.project_id
         AND p.updates @> jsonb_build_array(jsonb_build_object('ref', 'refs/heads/' || r.source_branch)),
         jsonb_array_elements(p.updates) AS moved
       WHERE p.created_at > r.since AND p.created_at <= r.until
         AND moved->>'ref' = 'refs/heads/' || r.source_branch AND moved->>'newSha' <> ${zeroSha}
    )
    SELECT pusher_id AS id FROM moves
     WHERE pusher_id IS NOT NULL OR NOT EXISTS (
       SELECT 1 FROM pushes o WHERE o.project_id = ${projectId} AND o.pusher_id IS NOT NULL
          AND o.updates @> jsonb_build_array(jsonb_build_object('newSha', moves.sha)))
    UNION
    SELECT author_id FROM requests`;
  const known = rows.flatMap(({ id }) => id ?? []);
  const isFound = rows.some(({ id }) => id === null);
  if (!isFound && known.length > 0) return known;
  return [...known, ...(await agentsThatMayHave(db, projectId, isFound))];
}

/**
 * Agents that may have brought a commit to a project. People need not be named: they decide on their own work.
 * @param isFound it was found without its push: whoever could ever write may have made that, also without any other push
 */
async function agentsThatMayHave(db: Db, projectId: string, isFound: boolean): Promise<string[]> {
  const rows = await db.$queryRaw<{ id: string }[]>`
    SELECT u.id FROM users u
     WHERE u.kind = 'agent' AND (
       EXISTS (SELECT 1 FROM pushes p WHERE p.project_id = ${projectId} AND p.pusher_id = u.id)
       OR (${isFound} AND (
         EXISTS (SELECT 1 FROM delegations d
                  WHERE d.delegate_id = u.id AND (d.project_id IS NULL OR d.project_id = ${projectId}))
         OR EXISTS (SELECT 1 FROM agent_grantors g WHERE g.agent_id = u.id)
         OR EXISTS (SELECT 1 FROM user_roles r
                     WHERE r.user_id = u.id AND (r.project_id IS NULL OR r.project_id = ${projectId})))))`;
  return rows.map(({ id }) => id);
}
