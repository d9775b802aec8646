import { isPushableRef, zeroSha } from '../../contracts/git/ref-name.ts';
import type { GitStore } from '../../contracts/git/store.ts';
import type { RefUpdate } from '../../contracts/event/types.ts';
import type { Prisma, PrismaClient, Project } from '../../prisma/generated/client.ts';
import { publishEvent } from '../event/publish-event.ts';
import { takePushIntents, type MadeMoves } from './push-intents.ts';
import { withPushLock } from './push-lock.ts';
import { recordPush } from './record-push.ts';

/** Moves that lead from what is recorded to what is there. */
export function missingUpdates(
  recorded: readonly { name: string; sha: string }[],
  actual: readonly { ref: string; sha: string }[],
): RefUpdate[] {
  const known = new Map(recorded.map(({ name, sha }) => [name, sha]));
  const updates: RefUpdate[] = [];
  for (const { ref, sha } of actual) {
    // Nobody pushes the server's own, and no pipeline follows them.
    if (!isPushableRef(ref)) continue;
    const oldSha = known.get(ref) ?? zeroSha;
    known.delete(ref);
    if (oldSha !== sha) updates.push({ ref, oldSha, newSha: sha });
  }
  for (const [ref, oldSha] of known) updates.push({ ref, oldSha, newSha: zeroSha });
  return updates;
}

/** Of whoever was about to make the move, as if its record had been written in time. */
async function recordRepaired(
  tx: Prisma.TransactionClient,
  git: Pick<GitStore, 'setHead'>,
  project: Project,
  { caller, updates, ...how }: MadeMoves,
): Promise<void> {
  const recorded = await recordPush(tx, git, caller, project, updates, how);
  await publishEvent(tx, {
    type: 'git.ref_repaired',
    projectId: project.id,
    changeId: recorded.changeId,
    subjectId: recorded.pushId,
    message: `Recorded ${String(updates.length)} moved refs that had no record`,
    payload: { updates: updates.slice(0, 1000).map((update) => ({ ...update })) },
  });
}

/**
 * Compares a repository with what is recorded of it and records the moves that are missing: a process that died
 * between moved refs and their record leaves such a gap. Safe to run at any time, beside pushes and beside itself.
 * @returns how many refs were repaired
 */
export async function repairRefs(
  db: PrismaClient,
  git: Pick<GitStore, 'listRefs' | 'setHead'>,
  projectId: string,
): Promise<number> {
  return withPushLock(db, projectId, async (tx) => {
    const project = await tx.project.findUnique({ where: { id: projectId } });
    if (project?.repoPath == null) return 0;
    const actual = await git.listRefs(project.repoPath);
    const recorded = await tx.gitRef.findMany({ where: { projectId } });
    const updates = missingUpdates(recorded, actual);
    // Also where nothing is missing: what a push that never came to its end was about to do is forgotten some time later.
    for (const made of await takePushIntents(tx, projectId, updates)) {
      await recordRepaired(tx, git, project, made);
    }
    return updates.length;
  });
}
