import { zeroSha } from '../../contracts/git/ref-name.ts';
import type { GitStore } from '../../contracts/git/store.ts';
import { Prisma } from '../../prisma/generated/client.ts';
import type { Db } from '../shared/db.ts';

/** A move of one ref, and what is known of who made it. */
export interface Move {
  pusherId: string | null;
  /** null = pushed before it was noted */
  withSecrets: boolean | null;
  withDeploy: boolean | null;
  createdAt: Date;
  ref: string;
  oldSha: string;
  newSha: string;
}

export type HeadGit = Pick<GitStore, 'commitsWithout'>;

const columns = Prisma.sql`
  p.pusher_id AS "pusherId", p.with_secrets AS "withSecrets",
  p.with_deploy AS "withDeploy", p.created_at AS "createdAt",
  moved->>'ref' AS ref, moved->>'oldSha' AS "oldSha", moved->>'newSha' AS "newSha"`;

/**
 * Moves that made a ref what it is at a head: those since the ref was made, up to the one that brought the head; what lies
 * below a head runs too.
 * @param openedAt when a merge request from it was opened: making the branch anew afterwards hides nothing
 * @returns none when nobody is known to have brought the head there
 */
export async function movesOfRef(
  db: Db,
  { projectId, ref, sha }: { projectId: string; ref: string; sha: string },
  openedAt: Date | null,
): Promise<Move[]> {
  const moves = await db.$queryRaw<Move[]>`
    SELECT ${columns} FROM pushes p, jsonb_array_elements(p.updates) AS moved
     WHERE p.project_id = ${projectId} AND p.updates @> ${JSON.stringify([{ ref }])}::jsonb AND moved->>'ref' = ${ref}
     ORDER BY p.created_at, p.id`;
  // The commit of a run of an annotated tag may be the tag's or the one behind it.
  const isTag = ref.startsWith('refs/tags/');
  const head = moves.findLastIndex(({ newSha }) => newSha === sha || (isTag && newSha !== zeroSha));
  if (head === -1) return [];
  const made = moves.findLastIndex(
    ({ oldSha, createdAt }, at) =>
      at <= head && oldSha === zeroSha && (openedAt === null || createdAt <= openedAt),
  );
  return moves.slice(Math.max(0, made), head + 1);
}

/** A move that nobody who may use secrets has repeated. */
export interface UnansweredMove extends Move {
  /** heads of merge requests from its branch that somebody who may use them has merged since: what these hold is answered for */
  mergedHeads: string[];
}

/**
 * Moves that may have brought some of these commits, and that nobody who may use secrets has answered for by a push of
 * exactly that commit.
 * @param commits null: any
 */
export async function unansweredMoves(
  db: Db,
  projectId: string,
  commits: readonly string[] | null,
): Promise<UnansweredMove[]> {
  if (commits?.length === 0) return [];
  return await db.$queryRaw<UnansweredMove[]>`
    SELECT ${columns},
           ARRAY(
             SELECT m.head_sha FROM merge_requests m
               JOIN pushes o ON o.project_id = m.project_id AND o.with_secrets
                AND o.updates @> jsonb_build_array(
                      jsonb_build_object('ref', 'refs/heads/' || m.target_branch, 'newSha', m.merge_sha))
              WHERE m.project_id = p.project_id AND m.status = 'merged' AND m.merged_at >= p.created_at
                AND 'refs/heads/' || m.source_branch = moved->>'ref') AS "mergedHeads"
      FROM pushes p, jsonb_array_elements(p.updates) AS moved
     WHERE p.project_id = ${projectId} AND p.with_secrets IS DISTINCT FROM true
       AND moved->>'newSha' <> ${zeroSha}
       AND (${commits === null} OR moved->>'newSha' = ANY(${[...(commits ?? [])]}))
       AND NOT EXISTS (
         SELECT 1 FROM pushes o
          WHERE o.project_id = p.project_id AND o.with_secrets
            AND o.updates @> jsonb_build_array(jsonb_build_object('newSha', moved->>'newSha')))
     ORDER BY p.created_at, p.id`;
}

/** Whether every commit of one head is in some of others; false when it is not there. */
export async function isHeldBy(
  git: HeadGit,
  repoPath: string,
  sha: string,
  heads: readonly string[],
): Promise<boolean> {
  if (heads.includes(sha)) return true;
  if (heads.length === 0) return false;
  const added = await git.commitsWithout(repoPath, { sha, without: heads, limit: 0 });
  return added?.length === 0;
}

/**
 * Whether a commit is one that somebody pushed, or lies below one that somebody pushed who may use secrets. Any other came
 * along with a push of something else, so that nothing tells who answers for it.
 * @param isLasting pushes of before it was noted count too
 */
export async function isPushed(
  db: Db,
  git: HeadGit,
  { projectId, repoPath }: { projectId: string; repoPath: string },
  { sha, isLasting }: { sha: string; isLasting: boolean },
): Promise<boolean> {
  const holding = JSON.stringify([{ newSha: sha }]);
  const exactly = await db.$queryRaw<unknown[]>`
    SELECT 1 FROM pushes WHERE project_id = ${projectId} AND updates @> ${holding}::jsonb LIMIT 1`;
  if (exactly.length > 0 || repoPath === '') return exactly.length > 0;
  const heads = await db.$queryRaw<{ newSha: string }[]>`
    SELECT moved->>'newSha' AS "newSha" FROM pushes p, jsonb_array_elements(p.updates) AS moved
     WHERE p.project_id = ${projectId} AND (p.with_secrets OR (${isLasting} AND p.with_secrets IS NULL))
       AND moved->>'newSha' <> ${zeroSha}
     ORDER BY p.created_at DESC LIMIT ${comparedHeads}`;
  const shas = heads.map(({ newSha }) => newSha);
  return await isHeldBy(git, repoPath, sha, shas);
}

/** So many heads of before are compared with; more make a branch that brings nothing look as if it did. */
const comparedHeads = 500;

/** Moves whose earlier heads are read by one statement. */
export const movesAtOnce = 50;

/** What somebody who may use secrets had pushed before each of these times: by its milliseconds, the newest ones. */
export async function headsBefore(
  db: Db,
  projectId: string,
  times: readonly Date[],
): Promise<Map<number, string[]>> {
  const distinct = [...new Set(times.map((time) => time.getTime()))];
  const texts = distinct.map((ms) => new Date(ms).toISOString());
  const rows = await db.$queryRaw<{ at: number; heads: string[] }[]>`
    SELECT t.at::int AS at,
           ARRAY(
             SELECT moved->>'newSha' FROM pushes p, jsonb_array_elements(p.updates) AS moved
              WHERE p.project_id = ${projectId} AND p.with_secrets AND p.created_at < t.before
                AND moved->>'newSha' <> ${zeroSha}
              ORDER BY p.created_at DESC LIMIT ${comparedHeads}) AS heads
      FROM unnest(${texts}::text[]::timestamptz[]) WITH ORDINALITY AS t(before, at)`;
  return new Map(rows.map(({ at, heads }) => [distinct[at - 1] ?? 0, heads]));
}

/** Whether a move brought a commit that no earlier push of somebody who may use secrets had brought. */
export async function broughtSomething(
  git: HeadGit,
  repoPath: string,
  { newSha }: Move,
  earlier: readonly string[],
): Promise<boolean> {
  const added = await git.commitsWithout(repoPath, { sha: newSha, without: earlier, limit: 1 });
  return added === null || added.length > 0;
}
