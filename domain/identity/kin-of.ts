import type { Db } from '../shared/db.ts';

/**
 * Everybody whose word is one word with that of these users: whoever an agent acts for, along every delegation up to
 * people, and every agent that acts for one of those. Delegations that are over count too: work that was done under one
 * stays the delegator's.
 */
export async function kinOf(
  db: Db,
  userIds: readonly string[],
): Promise<ReadonlyMap<string, { kind: string }>> {
  const rows = await db.$queryRaw<{ id: string; kind: string }[]>`
    WITH RECURSIVE behind(id, kind) AS (
      SELECT id, kind FROM users WHERE id = ANY(${[...userIds]})
      UNION
      SELECT u.id, u.kind FROM behind
        JOIN delegations d ON d.delegate_id = behind.id
        JOIN users u ON u.id = d.delegator_id
       WHERE behind.kind = 'agent'
    ), kin(id, kind) AS (
      SELECT id, kind FROM behind
      UNION
      SELECT u.id, u.kind FROM kin
        JOIN delegations d ON d.delegator_id = kin.id
        JOIN users u ON u.id = d.delegate_id
       WHERE u.kind = 'agent'
    )
    SELECT id, kind FROM kin`;
  return new Map(rows.map(({ id, kind }) => [id, { kind }]));
}
