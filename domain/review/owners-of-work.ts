import { zeroSha } from '../../contracts/git/ref-name.ts';
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

/** Who pushed what a merge request brings. */
export interface Pushers {
  /** nobody of these may approve it */
  ids: ReadonlySet<string>;
  /** a commit whose pusher nobody knows, so that nobody is known to be another; null when all are known */
  unknownSha: string | null;
}

/**
 * Everybody who may not approve because of what they pushed: whoever moved the source branch to a commit that the target
 * has not, and their delegation chain: whoever they act for, and agents of theirs. A push counts whether it came before the merge request or
 * after; what somebody else rewrote and pushed anew is that one's.
 *
 * Of a move that was found without its push (repair-refs.ts), and of a head that is not recorded yet, nobody knows the
 * pusher. Whoever pushes exactly that commit, to whatever ref, answers for it and is its pusher.
 * @param brought commits that the target has not; null (too many to be told): every push to the branch counts
 */
export async function ownersOfPushes(
  db: Db,
  {
    projectId,
    sourceBranch,
    headSha,
  }: Pick<MergeRequest, 'projectId' | 'sourceBranch' | 'headSha'>,
  brought: readonly string[] | null,
): Promise<Pushers> {
  if (brought?.length === 0) return { ids: new Set(), unknownSha: null };
  const ref = branchRef(sourceBranch);
  const pushers = await db.$queryRaw<{ id: string | null; sha: string }[]>`
    WITH moves AS (
      SELECT p.pusher_id AS id, moved->>'newSha' AS sha
        FROM pushes p, jsonb_array_elements(p.updates) AS moved
       WHERE p.project_id = ${projectId}
         AND p.updates @> ${JSON.stringify([{ ref }])}::jsonb AND moved->>'ref' = ${ref}
         AND moved->>'newSha' <> ${zeroSha}
         AND (${brought === null} OR moved->>'newSha' = ANY(${[...(brought ?? [])]}))
    ), open AS (
      SELECT sha FROM moves WHERE id IS NULL
      UNION
      SELECT ${headSha} WHERE NOT EXISTS (SELECT FROM moves WHERE sha = ${headSha})
    )
    SELECT id, sha FROM moves WHERE id IS NOT NULL
    UNION
    SELECT p.pusher_id, open.sha FROM open LEFT JOIN pushes p
        ON p.project_id = ${projectId} AND p.pusher_id IS NOT NULL
       AND p.updates @> jsonb_build_array(jsonb_build_object('newSha', open.sha))`;
  const ids = pushers.flatMap(({ id }) => id ?? []);
  return {
    ids: new Set([...ids, ...(await delegationChainOf(db, ids)).keys()]),
    unknownSha: pushers.find(({ id }) => id === null)?.sha ?? null,
  };
}
