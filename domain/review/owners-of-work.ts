import type { MergeRequest } from '../../prisma/generated/client.ts';
import { delegationChainOf } from '../identity/delegation-chain-of.ts';
import type { Db } from '../shared/db.ts';
import { branchRef } from './merge-request-record.ts';

/**
 * Everybody who may not approve what this author made: the author; behind an agent whoever delegated to it, along the whole
 * chain; of all of these the agents that act for them (design section 1, item 6).
 */
export async function ownersOfWork(db: Db, authorId: string): Promise<ReadonlySet<string>> {
  return new Set([authorId, ...(await delegationChainOf(db, [authorId])).keys()]);
}

/**
 * Everybody who may not approve because of what they pushed: whoever moved the source branch to a commit that the target
 * has not, and their delegation chain: whoever they act for, and agents of theirs. A push counts whether it came before the merge request or
 * after; what somebody else rewrote and pushed anew is that one's.
 * @param brought commits that the target has not; null (too many to be told): every push to the branch counts
 */
export async function ownersOfPushes(
  db: Db,
  { projectId, sourceBranch }: Pick<MergeRequest, 'projectId' | 'sourceBranch'>,
  brought: readonly string[] | null,
): Promise<ReadonlySet<string>> {
  if (brought?.length === 0) return new Set();
  const ref = branchRef(sourceBranch);
  const pushers = await db.$queryRaw<{ id: string }[]>`
    SELECT DISTINCT p.pusher_id AS id FROM pushes p, jsonb_array_elements(p.updates) AS moved
     WHERE p.project_id = ${projectId} AND p.pusher_id IS NOT NULL
       AND p.updates @> ${JSON.stringify([{ ref }])}::jsonb AND moved->>'ref' = ${ref}
       AND (${brought === null} OR moved->>'newSha' = ANY(${[...(brought ?? [])]}))`;
  const ids = pushers.map(({ id }) => id);
  return new Set([...ids, ...(await delegationChainOf(db, ids)).keys()]);
}
