import type { RefUpdate } from '../../contracts/event/types.ts';
import type { Caller } from '../../contracts/identity/principal.ts';
import type { Prisma, PrismaClient } from '../../prisma/generated/client.ts';
import { limitsOf, onlyFor, readLimits } from '../identity/credential-limits.ts';
import { callerFor } from '../identity/system-user.ts';
import { newId } from '../shared/new-id.ts';

/** Longer than a push may take from here to its record: what is older never moved its refs. */
const staleMs = 15 * 60_000;

/** Moves of refs with whoever made them; null = nobody knows. */
export interface MadeMoves {
  caller: Caller | null;
  updates: RefUpdate[];
  isSkipped: boolean;
  /** a merge, which obeyed the rules of its target */
  isMerge: boolean;
  /** change that the move belongs to; null: one of its own */
  changeId: string | null;
}

/** What is about to be moved. */
export interface MeantMoves {
  updates: readonly RefUpdate[];
  isSkipped?: boolean;
  isMerge?: boolean;
  changeId?: string;
}

/**
 * Writes down who is about to move refs, before git is let: whatever becomes of this process, nothing moves by nobody's hand.
 * @returns id of the intent, to be removed with the record of the push or when nothing moved
 */
export async function keepPushIntent(
  db: PrismaClient,
  caller: Caller,
  projectId: string,
  { updates, isSkipped = false, isMerge = false, changeId }: MeantMoves,
): Promise<string> {
  const id = newId('push');
  const { principal } = caller;
  await db.pushIntent.create({
    data: {
      ...{ id, projectId, pusherId: principal.userId, isSkipped, isMerge },
      changeId: changeId ?? null,
      pusherLimits: { ...limitsOf(principal) },
      updates: updates.map(({ ref, oldSha, newSha }) => ({ ref, oldSha, newSha })),
    },
  });
  return id;
}

async function callerOf(
  tx: Prisma.TransactionClient,
  { pusherId, pusherLimits }: { pusherId: string; pusherLimits: unknown },
): Promise<Caller | null> {
  const user = await tx.user.findUnique({ where: { id: pusherId } });
  return user === null ? null : callerFor(user, readLimits(pusherLimits, onlyFor()));
}

/**
 * Gives moves that have no record to whoever was about to make them; what nobody was remains nobody's. The intents that
 * were carried out, and those that never will be, are removed. Called while no push of the project is under way.
 */
export async function takePushIntents(
  tx: Prisma.TransactionClient,
  projectId: string,
  moved: readonly RefUpdate[],
): Promise<MadeMoves[]> {
  const intents = await tx.pushIntent.findMany({
    where: { projectId },
    orderBy: { createdAt: 'desc' },
  });
  const left = new Map(moved.map((update) => [update.ref, update]));
  const made: MadeMoves[] = [];
  const done: string[] = [];
  for (const intent of intents) {
    const meant = intent.updates as unknown as RefUpdate[];
    const updates = meant.flatMap(({ ref, newSha }) => {
      const update = left.get(ref);
      return update?.newSha === newSha ? [update] : [];
    });
    for (const { ref } of updates) left.delete(ref);
    if (updates.length > 0) {
      const { isSkipped, isMerge, changeId } = intent;
      made.push({ caller: await callerOf(tx, intent), updates, isSkipped, isMerge, changeId });
    }
    const isStale = intent.createdAt.getTime() < Date.now() - staleMs;
    if (updates.length > 0 || isStale) done.push(intent.id);
  }
  if (done.length > 0) await tx.pushIntent.deleteMany({ where: { id: { in: done } } });
  const others = [...left.values()];
  const nobodys = { caller: null, isSkipped: false, isMerge: false, changeId: null };
  return others.length === 0 ? made : [...made, { ...nobodys, updates: others }];
}
