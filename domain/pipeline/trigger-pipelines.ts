import type {
  EventRecord,
  GitPushedPayload,
  RefUpdate,
  TriggerRequestedPayload,
} from '../../contracts/event/types.ts';
import type { PrismaClient, Project } from '../../prisma/generated/client.ts';
import { limitsOfEvent } from '../event/limits-of-event.ts';
import { publishEvent } from '../event/publish-event.ts';
import type { CredentialLimits } from '../identity/credential-limits.ts';
import { inTransaction } from '../shared/tx.ts';
import { createPipeline } from './create-pipeline.ts';
import { shortRef } from './definition/globs.ts';
import { startsRun } from './definition/plan-pipeline.ts';
import { pushRunKey } from './run-key.ts';
import { maxRunsOfPush, refsToRun } from './refs-of-push.ts';
import type { RepositoryReader } from './repository-reader.ts';
import { skippedByMessage } from './skip-words.ts';
import { later, soon } from './soon.ts';

/** A run to start, with what its summary says. */
export interface TriggeredPipeline {
  id: string;
  projectId: string;
  changeId: string;
  number: number;
  trigger: 'push';
  gitRef: string;
  projectName: string;
  /** false when this push had made it before: it may have begun, or ended */
  isNew: boolean;
}

type Reader = Pick<RepositoryReader, 'definition' | 'commitMessage'>;

/** What one event of a push may take of the time of all others, in ms. */
const turnMs = 1000;

interface Cause {
  db: PrismaClient;
  repositories: Reader;
  event: EventRecord & { projectId: string; changeId: string };
  push: GitPushedPayload & Partial<TriggerRequestedPayload>;
  /** of the credential that pushed */
  limits: CredentialLimits | null;
  project: Project & { repoPath: string };
}

/**
 * Makes a pending run for each branch and tag that a push moved and whose commit has a `.platform.yaml` that wants it; a
 * skipped one, with the reason, where nothing is to run. A definition with faults makes a run too, which fails with the
 * faults: silence would hide them. Idempotent by push and ref.
 *
 * Others wait for it: what takes longer than a turn goes on behind them (`pipeline.trigger_requested`), and a ref that
 * cannot be read gets an event of its own, so that it keeps none of the others.
 * @param event `git.pushed`, or `pipeline.trigger_requested`
 */
export async function triggerPipelinesForPush(
  db: PrismaClient,
  repositories: Reader,
  event: EventRecord,
): Promise<TriggeredPipeline[]> {
  const { projectId, changeId } = event;
  if (projectId === null || changeId === null) return [];
  const project = await db.project.findUnique({ where: { id: projectId } });
  if (project?.repoPath == null) return [];
  const cause: Cause = {
    db,
    repositories,
    event: { ...event, projectId, changeId },
    push: event.payload as unknown as GitPushedPayload,
    limits: await limitsOfEvent(db, event),
    project: { ...project, repoPath: project.repoPath },
  };
  const { refs, left } = refsToRun(cause.push.updates, project.defaultBranch);
  if (left.length > 0) await tellOfLeft(cause, left);
  return await triggerRefs(cause, refs);
}

async function triggerRefs(cause: Cause, refs: readonly RefUpdate[]): Promise<TriggeredPipeline[]> {
  const triggered: TriggeredPipeline[] = [];
  const postponed: RefUpdate[] = [];
  const turnEnds = performance.now() + turnMs;
  for (const [at, update] of refs.entries()) {
    if (at > 0 && performance.now() > turnEnds) {
      postponed.push(...refs.slice(at));
      break;
    }
    try {
      const made = await triggerRef(cause, update);
      if (made === later) postponed.push(update);
      else if (made !== null) triggered.push(made);
    } catch (error) {
      if (refs.length === 1) throw error;
      await putOff(cause, [update]);
    }
  }
  if (postponed.length > 0) await putOff(cause, postponed);
  return triggered;
}

/** @returns the run that is to start; null when none is; later, while its definition is being read */
async function triggerRef(
  cause: Cause,
  { ref, newSha }: RefUpdate,
): Promise<TriggeredPipeline | typeof later | null> {
  const { repositories, project, push } = cause;
  // Both at once, each asks git; whether the file can be read is no matter where there is no commit.
  const reading = soon(repositories.definition(project.repoPath, newSha), push.round ?? 0);
  reading.catch(() => undefined);
  const message = await repositories.commitMessage(project.repoPath, newSha);
  if (message === null) {
    const reason = `${shortRef(ref)} leads to no commit, so there is nothing to run`;
    return await makeRun(cause, ref, { sha: null, title: null, skipped: reason });
  }
  const parsed = await reading;
  if (parsed === later) return parsed;
  if (parsed === null) return null;
  if (parsed.ok && !startsRun(parsed.definition, { trigger: 'push', gitRef: ref })) return null;
  const skipped =
    push.isSkipped === true ? 'skipped by the push option ci.skip' : skippedByMessage(message);
  const title = message.split('\n', 1)[0]?.slice(0, 200) ?? null;
  return await makeRun(cause, ref, { sha: newSha, title, skipped });
}

async function makeRun(
  { db, event, push, limits, project }: Cause,
  gitRef: string,
  { sha, title, skipped }: { sha: string | null; title: string | null; skipped: string | null },
): Promise<TriggeredPipeline | null> {
  const { projectId, changeId } = event;
  const run = { projectId, changeId, trigger: 'push', gitRef } as const;
  const { id, number, created } = await createPipeline(db, {
    ...run,
    commitSha: sha,
    commitTitle: title,
    triggeredBy: push.pusherId,
    triggeredLimits: limits,
    dedupeKey: pushRunKey(push.pushId, gitRef),
    traceparent: event.traceparent,
    ...(skipped === null ? {} : { skipped }),
  });
  return skipped === null
    ? { ...run, id, number, projectName: project.name, isNew: created }
    : null;
}

/** Of the refs that are too many for one push the first stands among the runs, and tells of the others. */
async function tellOfLeft(cause: Cause, left: readonly RefUpdate[]): Promise<void> {
  const [first, ...more] = left;
  if (first === undefined) return;
  const others = more.length === 0 ? '' : ` and ${String(more.length)} more refs of the push`;
  const skipped = `It${others} got no run: a push gets at most ${String(maxRunsOfPush)}.`;
  await makeRun(cause, first.ref, { sha: first.newSha, title: null, skipped });
}

/** These refs come again behind the events that wait by now. */
async function putOff(
  { db, event, push, limits }: Cause,
  updates: readonly RefUpdate[],
): Promise<void> {
  const { pushId, pusherId, pusherName, isSkipped } = push;
  const payload: TriggerRequestedPayload = {
    ...{ pushId, pusherId, pusherName, updates: [...updates] },
    ...(isSkipped === undefined ? {} : { isSkipped }),
    round: (push.round ?? 0) + 1,
  };
  await inTransaction(db, (tx) =>
    publishEvent(tx, {
      type: 'pipeline.trigger_requested',
      projectId: event.projectId,
      changeId: event.changeId,
      actorId: pusherId,
      actorLimits: limits,
      subjectId: pushId,
      payload,
      traceparent: event.traceparent,
    }),
  );
}
