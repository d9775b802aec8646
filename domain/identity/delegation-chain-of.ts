import type { Db } from '../shared/db.ts';

/**
 * The delegation chain of these users, who count as one voice in a decision: whoever an agent acts for, along every
 * delegation up to people, and every agent that acts for one of those. Delegations that are over count too: work that
 * was done under one stays the delegator's.
 * @returns id of each user → its kind
 */
export async function delegationChainOf(
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
    ), chain(id, kind) AS (
      SELECT id, kind FROM behind
      UNION
      SELECT u.id, u.kind FROM chain
        JOIN delegations d ON d.delegator_id = chain.id
        JOIN users u ON u.id = d.delegate_id
       WHERE u.kind = 'agent'
    )
    SELECT id, kind FROM chain`;
  return new Map(rows.map(({ id, kind }) => [id, { kind }]));
}
