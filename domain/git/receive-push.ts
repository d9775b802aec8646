import { isDeepStrictEqual } from 'node:util';
import type { GitStore, PushProposal } from '../../contracts/git/store.ts';
import type { RefUpdate } from '../../contracts/event/types.ts';
import type { Caller } from '../../contracts/identity/principal.ts';
import { DomainError } from '../../contracts/problems.ts';
import type { PrismaClient } from '../../prisma/generated/client.ts';
import { writeAudit } from '../audit/write-audit.ts';
import { publishEvent } from '../event/publish-event.ts';
import { maxRunsOfPush, refsToRun } from '../pipeline/refs-of-push.ts';
import type { ProjectWithOwner } from '../project/find-project.ts';
import type { Db } from '../shared/db.ts';
import { inTransaction } from '../shared/tx.ts';
import { checkPush, permissionRefusal, reservedLines } from './check-push.ts';
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

/** @returns why it was refused after all; none when it was let in */
async function letIn(
  options: ReceivePushOptions,
  push: PushProposal,
  { asked, intent, checked }: { asked: AskedByPush; intent: string; checked: Checked },
): Promise<string[]> {
  const { db, git, caller, project } = options;
  let finish: ((lines: string[]) => void) | null = null;
  let refusal: string[] = [];
  try {
    const recorded = await withPushLock(db, project.id, async (tx) => {
      refusal = await refusedMeanwhile(tx, options, push, checked);
      if (refusal.length > 0) return null;
      const accepted = await push.accept();
      await tx.pushIntent.deleteMany({ where: { id: intent } });
      if (accepted === null || accepted.updates.length === 0) return null;
      finish = accepted.finish;
      // The row may have been changed while the pack came in.
      const current = await tx.project.findUnique({ where: { id: project.id } });
      return current === null
        ? null
        : recordPush(tx, git, caller, current, accepted.updates, { isSkipped: asked.isSkipped });
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
  if (refusal.length > 0) await db.pushIntent.deleteMany({ where: { id: intent } });
  return refusal;
}

/** What a push was checked by, and when (`performance.now()`) these rules were read. */
interface Checked {
  rules: unknown;
  at: number;
}

/** What a push is judged by besides itself. */
async function readRules(db: Db, id: string): Promise<unknown> {
  return await db.project.findUnique({
    where: { id },
    select: { isActive: true, defaultBranch: true, protectedBranches: { orderBy: { id: 'asc' } } },
  });
}

/** A check that is not older is not repeated: it is as if the push had come a moment earlier. */
const freshMs = 250;

/**
 * A push waits for its turn, for minutes where others are long: what was taken from whoever pushed, and what was closed to
 * them meanwhile, holds.
 * @returns why it is refused now; none when it still is fine
 */
async function refusedMeanwhile(
  tx: Db,
  { caller, project }: ReceivePushOptions,
  push: PushProposal,
  { rules, at }: Checked,
): Promise<string[]> {
  if (performance.now() - at < freshMs) return [];
  if (!isDeepStrictEqual(await readRules(tx, project.id), rules)) {
    return await checkPush(tx, caller, project.id, push);
  }
  const refusal = await permissionRefusal(tx, caller, project.id);
  return refusal === null ? [] : [refusal];
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
  let checked: Checked = { rules: null, at: 0 };
  try {
    checked = { rules: await readRules(db, project.id), at: performance.now() };
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
  if (lines.length === 0) lines = await letIn(options, push, { asked, intent, checked });
  if (lines.length === 0) return;
  await recordRefusal(db, caller, project.id, push.updates, lines)
    .catch((error: unknown) => {
      options.onError(error, 'a refused push was not recorded');
    })
    .finally(() => {
      push.refuse(lines);
    });
}
