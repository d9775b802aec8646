import type { Db } from '../shared/db.ts';

/**
 * Whose work an agent's work is: the agent itself and whoever ever delegated to it. Nobody decides on what their own
 * agent made or asked for (design section 1, item 6). null when the user is no agent.
 */
export async function ownersOfAgentsWork(
  db: Db,
  userId: string,
): Promise<ReadonlySet<string> | null> {
  const user = await db.user.findUnique({ where: { id: userId }, select: { kind: true } });
  if (user?.kind !== 'agent') return null;
  const given = await db.delegation.findMany({
    where: { delegateId: userId },
    select: { delegatorId: true },
  });
  return new Set([userId, ...given.map((one) => one.delegatorId)]);
}

/** Everybody who may not approve what this author made: the author, their agents, and the owners of an agent's work. */
export async function ownersOfWork(db: Db, authorId: string): Promise<ReadonlySet<string>> {
  const ofAgent = await ownersOfAgentsWork(db, authorId);
  if (ofAgent !== null) return ofAgent;
  const handedOn = await db.delegation.findMany({
    where: { delegatorId: authorId, delegate: { kind: 'agent' } },
    select: { delegateId: true },
  });
  return new Set([authorId, ...handedOn.map((one) => one.delegateId)]);
}
