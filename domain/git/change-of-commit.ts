import type { Db } from '../shared/db.ts';

/** Change id of the newest push that brought a ref to a commit; null when no push is known that did. */
export async function changeOfCommit(
  db: Db,
  projectId: string,
  { ref, sha }: { ref: string; sha: string },
): Promise<string | null> {
  const updates = JSON.stringify([{ ref, newSha: sha }]);
  const [push] = await db.$queryRaw<{ changeId: string }[]>`
    SELECT change_id AS "changeId" FROM pushes
     WHERE project_id = ${projectId} AND updates @> ${updates}::jsonb
     ORDER BY created_at DESC LIMIT 1`;
  return push?.changeId ?? null;
}
