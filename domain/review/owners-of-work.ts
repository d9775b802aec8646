import { kinOf } from '../identity/kin-of.ts';
import type { Db } from '../shared/db.ts';

/**
 * Everybody who may not approve what this author made: the author; behind an agent whoever delegated to it, along the whole
 * chain; of all of these the agents that act for them (design section 1, item 6).
 */
export async function ownersOfWork(db: Db, authorId: string): Promise<ReadonlySet<string>> {
  return new Set([authorId, ...(await kinOf(db, [authorId])).keys()]);
}
