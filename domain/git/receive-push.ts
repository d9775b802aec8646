import type { GitStore, PushProposal } from '../../contracts/git/store.ts';
import type { RefUpdate } from '../../contracts/event/types.ts';
import type { Caller } from '../../contracts/identity/principal.ts';
import { DomainError } from '../../contracts/problems.ts';
import type { PrismaClient } from '../../prisma/generated/client.ts';
import { writeAudit } from '../audit/write-audit.ts';
import { publishEvent } from '../event/publish-event.ts';
import { maxRunsOfPush, refsToRun } from '../pipeline/refs-of-push.ts';
import type { ProjectWithOwner } from '../project/find-project.ts';
import { inTransaction } from '../shared/tx.ts';
import { checkPush, reservedLines } from './check-push.ts';
import { type AskedByPush, readPushOptions } from './push-options.ts';
import { keepPushIntent } from './push-intents.ts';
import { withPushLock } from './push-lock.ts';
import { recordPush, type RecordedPush } from './record-push.ts';
import { repairRefs } from './repair-refs.ts';

/** Words for an event or audit row: as text that can be stored, and not endless. */
function storable(
  updates: readonly RefUpdate[],
): { ref: string; oldSha: string; newSha: string }[] {
  return updates.slice(0, 20).map(({ ref, oldSha, newSha }) => ({
    ref: ref.replace(/\p{Cc}/gu, '\uFFFD').slice(0, 300),
    oldSha,
    newSha,
  }));
}

async function recordRefusal(
  db: PrismaClient,
  caller: Caller,
  projectId: string,
  updates: readonly RefUpdate[],
  lines: readonly string[],
): Promise<void> {
  const detail = { reasons: [...lines], refs: storable(updates) };
  await inTransaction(db, async (tx) => {
    await publishEvent(tx, {
      type: 'git.push_refused',
      projectId,
      actorId: caller.principal.userId,
      subjectId: projectId,
      message: `A push of ${caller.principal.userName} was refused`,
      payload: detail,
      traceparent: caller.request.traceparent,
    });
    await writeAudit(tx, caller, {
      action: 'git.push_refused',
      resource: 'project',
      resourceId: projectId,
      projectId,
      detail,
    });
  });
}

export interface ReceivePushOptions {
  db: PrismaClient;
  git: Pick<GitStore, 'setHead' | 'listRefs'>;
  caller: Caller;
  project: ProjectWithOwner;
  /** lines shown to the pusher for a push that was taken */
  tell: (push: RecordedPush) => string[];
  /** for the operator's log; the pusher is told nothing of it */
  onError: (error: unknown, what: string) => void;
}

/** What the pusher has to know of the runs of a push that was taken. */
function linesOf(
  push: PushProposal,
  asked: AskedByPush,
  { defaultBranch }: ProjectWithOwner,
): string[] {
  const left = refsToRun(push.updates, defaultBranch).left.length;
  if (left === 0 || asked.isSkipped) return asked.lines;
  const most = `a push gets at most ${String(maxRunsOfPush)}`;
  return [
    ...asked.lines,
    `${String(left)} refs of this push get no pipeline: ${most}. Start the others by hand.`,
  ];
}

async function letIn(
  options: ReceivePushOptions,
  push: PushProposal,
  { asked, intent }: { asked: AskedByPush; intent: string },
): Promise<void> {
  const { db, git, caller, project } = options;
  let finish: ((lines: string[]) => void) | null = null;
  try {
    const recorded = await withPushLock(db, project.id, async (tx) => {
      const accepted = await push.accept();
      await tx.pushIntent.deleteMany({ where: { id: intent } });
      if (accepted === null || accepted.updates.length === 0) return null;
      finish = accepted.finish;
      // The row may have been changed while the pack came in.
      const current = await tx.project.findUnique({ where: { id: project.id } });
      return current === null
        ? null
        : recordPush(tx, git, caller, current, accepted.updates, asked.isSkipped);
    });
    // (an assignment inside the callback is not seen by the compiler)
    (finish as ((lines: string[]) => void) | null)?.(
      recorded === null
        ? []
        : [
            ...options.tell(recorded),
            ...reservedLines(push.reserved),
            ...linesOf(push, asked, project),
          ],
    );
  } catch (error) {
    options.onError(error, 'a push moved refs but was not recorded');
    (finish as ((lines: string[]) => void) | null)?.([
      'The push is in; its record and pipeline follow shortly.',
    ]);
    await repairRefs(db, git, project.id);
  }
}

/**
 * Takes or refuses one push. Nothing is let in unless its check ended and found nothing; what was let in is recorded
 * (record-push.ts) before the pusher's client ends, or by repair-refs.ts if this process or the database fails between.
 */
export async function receivePush(options: ReceivePushOptions, push: PushProposal): Promise<void> {
  const { db, caller, project } = options;
  const asked = readPushOptions(push.options);
  let lines: string[];
  let intent = '';
  try {
    lines = await checkPush(db, caller, project.id, push);
    const { updates } = push;
    const { isSkipped } = asked;
    if (lines.length === 0) {
      intent = await keepPushIntent(db, caller, project.id, { updates, isSkipped });
    }
  } catch (error) {
    options.onError(error, 'the check of a push failed');
    const isFull = error instanceof DomainError && error.code === 'disk_full';
    lines = [isFull ? error.message : 'Slipway could not check this push, so it is refused.'];
  }
  if (lines.length === 0) {
    await letIn(options, push, { asked, intent });
    return;
  }
  await recordRefusal(db, caller, project.id, push.updates, lines)
    .catch((error: unknown) => {
      options.onError(error, 'a refused push was not recorded');
    })
    .finally(() => {
      push.refuse(lines);
    });
}
