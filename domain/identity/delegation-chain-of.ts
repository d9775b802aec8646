import type { Db } from '../shared/db.ts';

/**
 * The delegation chain of these users, who count as one voice in a decision: whoever an agent acts for, along every
 * delegation up to people, and every agent that acts for one of those. An agent acts for whoever delegated to it, gave it a
 * role or made a token for it. What is over counts too: work that was done under it stays that one's.
 * @returns id of each user → its kind
 */
export async function delegationChainOf(
  db: Db,
  userIds: readonly string[],
): Promise<ReadonlyMap<string, { kind: string }>> {
  const rows = await db.$queryRaw<{ id: string; kind: string }[]>`
    WITH RECURSIVE acts(agent_id, for_id) AS NOT MATERIALIZED (
      SELECT delegate_id, delegator_id FROM delegations
      UNION ALL
      SELECT agent_id, grantor_id FROM agent_grantors
    ), behind(id, kind) AS (
      SELECT id, kind FROM users WHERE id = ANY(${[...userIds]})
      UNION
      SELECT u.id, u.kind FROM behind
        JOIN acts ON acts.agent_id = behind.id
        JOIN users u ON u.id = acts.for_id
       WHERE behind.kind = 'agent'
    ), chain(id, kind) AS (
      SELECT id, kind FROM behind
      UNION
      SELECT u.id, u.kind FROM chain
        JOIN acts ON acts.for_id = chain.id
        JOIN users u ON u.id = acts.agent_id
       WHERE u.kind = 'agent'
    )
    SELECT id, kind FROM chain`;
  return new Map(rows.map(({ id, kind }) => [id, { kind }]));
}
