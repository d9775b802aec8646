import { usersBehindRequest } from '../gate/may-decide.ts';
import type { Db } from '../shared/db.ts';

/**
 * Everybody who may not approve what this author made: the author; behind an agent whoever delegated to it; of a person
 * the agents that they delegated to (design section 1, item 6).
 */
export async function ownersOfWork(db: Db, authorId: string): Promise<ReadonlySet<string>> {
  const behind = await usersBehindRequest(db, authorId);
  if (behind.size > 0) return behind;
  const handedOn = await db.delegation.findMany({
    where: { delegatorId: authorId, delegate: { kind: 'agent' } },
    select: { delegateId: true },
  });
  return new Set([authorId, ...handedOn.map((one) => one.delegateId)]);
}
