import type { RefUpdate } from '../../contracts/event/types.ts';
import type { GitStore } from '../../contracts/git/store.ts';
import type { Caller } from '../../contracts/identity/principal.ts';
import type { Prisma, PrismaClient } from '../../prisma/generated/client.ts';
import { keepPushIntent } from './push-intents.ts';
import { withPushLock } from './push-lock.ts';
import { repoPathOf } from './read-repository.ts';
import { recordMoves, type RecordedPush } from './record-push.ts';
import { repairRefs } from './repair-refs.ts';

export interface BranchMove<T> {
  projectId: string;
  caller: Caller;
  /** change that the move belongs to */
  changeId: string;
  /** a merge, which obeyed the rules of the branch that it goes into */
  isMerge?: boolean;
  /** what it is going to move, as far as that is known beforehand: written down, so that it is the caller's whatever fails */
  meant: readonly RefUpdate[];
  /** Decides on the moves while nobody else moves refs. Writes no row. null: there is nothing to do. */
  plan: (tx: Prisma.TransactionClient) => Promise<RefUpdate[] | null>;
  /** Writes what follows from the move, its audit row last, in the transaction that records it. */
  after: (tx: Prisma.TransactionClient, push: RecordedPush) => Promise<T>;
}

/** `null`: the plan was to do nothing. `lost`: a ref was not where the plan saw it; nothing moved. */
export type BranchMoved<T> = { moved: T } | 'lost' | null;

/**
 * Moves refs the way a push does, for what the platform itself makes (merges, reverts): one at a time per project, all
 * refs or none, and recorded as a push, so that everything that follows pushes follows this too. A move that could not
 * be recorded is recorded by repair-refs.ts, in the name of the caller.
 */
export async function moveBranches<T>(
  db: PrismaClient,
  git: Pick<GitStore, 'moveRefs' | 'setHead' | 'listRefs'>,
  { projectId, caller, changeId, isMerge = false, meant, plan, after }: BranchMove<T>,
): Promise<BranchMoved<T>> {
  let moved = false;
  // Before the lock: whoever holds that holds a connection, and must not wait for another one.
  const intent = await keepPushIntent(db, caller, projectId, { updates: meant, isMerge, changeId });
  const forget = (of: Pick<PrismaClient, 'pushIntent'>) =>
    of.pushIntent.deleteMany({ where: { id: intent } });
  try {
    const done = await withPushLock(db, projectId, async (tx) => {
      const updates = await plan(tx);
      if (updates === null) return null;
      const project = await tx.project.findUniqueOrThrow({ where: { id: projectId } });
      if (!(await git.moveRefs(repoPathOf(project), updates))) return 'lost';
      moved = true;
      const by = { caller, changeId, isMerge };
      const push = await recordMoves(tx, git, by, project, updates);
      const result = await after(tx, push);
      await forget(tx);
      return { moved: result };
    });
    if (!moved) await forget(db);
    return done;
  } catch (error) {
    // What cannot be repaired now finds the intent later.
    if (moved) await repairRefs(db, git, projectId).catch(() => undefined);
    else await forget(db).catch(() => undefined);
    throw error;
  }
}
