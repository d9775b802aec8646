import type { EventRecord, MergeRequestTriggerPayload } from '../../contracts/event/types.ts';
import type { MergeRequest, PrismaClient, Project } from '../../prisma/generated/client.ts';
import { limitsOfEvent } from '../event/limits-of-event.ts';
import { publishEvent } from '../event/publish-event.ts';
import type { CredentialLimits } from '../identity/credential-limits.ts';
import { inTransaction } from '../shared/tx.ts';
import { createPipeline } from './create-pipeline.ts';
import type { ParsedDefinition } from './definition/parse-definition.ts';
import { startsRun } from './definition/plan-pipeline.ts';
import { endsKey, mergeRequestRunKey } from './run-key.ts';
import type { RepositoryReader } from './repository-reader.ts';
import { skippedByMessage } from './skip-words.ts';
import { later, soon } from './soon.ts';

type Reader = Pick<RepositoryReader, 'definition' | 'commitMessage'>;

interface Cause {
  db: PrismaClient;
  repositories: Reader;
  event: EventRecord & { projectId: string; changeId: string };
  head: MergeRequestTriggerPayload & { targetBranch: string };
  limits: CredentialLimits | null;
  project: Project & { repoPath: string };
}

/** Whether a `pipeline.trigger_requested` asks for the head of a merge request, and not for refs of a push. */
export function asksForMergeRequest({ type, payload }: EventRecord): boolean {
  return type === 'pipeline.trigger_requested' && 'mergeRequestId' in payload;
}

type Ends = Pick<MergeRequest, 'headSha' | 'sourceBranch' | 'targetBranch'>;

/** The head that an event tells of, or asks for again; null where it tells of none. */
function headOf(event: EventRecord): MergeRequestTriggerPayload | null {
  if (asksForMergeRequest(event)) return event.payload as unknown as MergeRequestTriggerPayload;
  if (event.subjectId === null) return null;
  const { headSha, sourceBranch, targetBranch } = event.payload as unknown as Ends;
  return { mergeRequestId: event.subjectId, headSha, sourceBranch, targetBranch, round: 0 };
}

/**
 * Makes a pending run for the head that an event of a merge request tells of, when its `.platform.yaml` wants one; a
 * skipped one when its message says so. Idempotent by merge request, head and target: a run is planned for one target.
 *
 * Others wait for it: a definition that is not read soon, or cannot be read at first, is asked for again behind them
 * (`pipeline.trigger_requested`).
 * @param event `mr.created`, `mr.reopened`, `mr.updated`, or `pipeline.trigger_requested`
 */
export async function triggerPipelineForMergeRequest(
  db: PrismaClient,
  repositories: Reader,
  event: EventRecord,
): Promise<void> {
  const { projectId, changeId } = event;
  const head = headOf(event);
  if (projectId === null || changeId === null || head === null) return;
  const project = await db.project.findUnique({ where: { id: projectId } });
  const mergeRequest = await db.mergeRequest.findUnique({ where: { id: head.mergeRequestId } });
  if (project?.repoPath == null || mergeRequest === null) return;
  const { targetBranch = mergeRequest.targetBranch } = head;
  const cause: Cause = {
    db,
    repositories,
    event: { ...event, projectId, changeId },
    head: { ...head, targetBranch },
    limits: await limitsOfEvent(db, event),
    project: { ...project, repoPath: project.repoPath },
  };
  const parsed = await definitionOf(cause);
  if (parsed === later) {
    await putOff(cause);
    return;
  }
  if (parsed !== null) await makeRun(cause, mergeRequest, parsed);
  await noteDecided(cause);
}

/** Its checks may pass from now on: what they are judged by is there, or is not wanted. */
async function noteDecided({ db, head }: Cause): Promise<void> {
  const { mergeRequestId: id, headSha, targetBranch } = head;
  await db.mergeRequest.updateMany({
    where: { id, headSha, targetBranch },
    data: { runDecidedFor: endsKey({ headSha, targetBranch }) },
  });
}

async function definitionOf({
  repositories,
  project,
  head,
}: Cause): Promise<ParsedDefinition | typeof later | null> {
  try {
    return await soon(repositories.definition(project.repoPath, head.headSha), head.round);
  } catch (error) {
    // What fails again where it alone is waited for is given up there, and tried again like what a push asks for.
    if (head.round > 0) throw error;
    return later;
  }
}

async function makeRun(
  { db, repositories, event, head, limits, project }: Cause,
  mergeRequest: MergeRequest,
  parsed: ParsedDefinition,
): Promise<void> {
  const { mergeRequestId, headSha, sourceBranch, targetBranch } = head;
  const gitRef = `refs/heads/${sourceBranch}`;
  if (parsed.ok && !startsRun(parsed.definition, { trigger: 'mr', gitRef })) return;
  const message = await repositories.commitMessage(project.repoPath, headSha);
  const skipped = skippedByMessage(message ?? '');
  await createPipeline(db, {
    projectId: event.projectId,
    changeId: event.changeId,
    trigger: 'mr',
    gitRef,
    commitSha: headSha,
    commitTitle: message?.split('\n', 1)[0]?.slice(0, 200) ?? null,
    triggeredBy: event.actorId,
    triggeredLimits: limits,
    targetBranch,
    // Of a head or target that is another one by now nobody knows it: every path counts as changed then.
    targetBaseSha:
      endsKey(mergeRequest) === endsKey({ headSha, targetBranch }) ? mergeRequest.baseSha : null,
    dedupeKey: mergeRequestRunKey({ id: mergeRequestId, headSha, targetBranch }),
    traceparent: event.traceparent,
    ...(skipped === null ? {} : { skipped }),
  });
}

/** It comes again behind the events that wait by now. */
async function putOff({ db, event, head, limits }: Cause): Promise<void> {
  const payload: MergeRequestTriggerPayload = { ...head, round: head.round + 1 };
  await inTransaction(db, (tx) =>
    publishEvent(tx, {
      type: 'pipeline.trigger_requested',
      projectId: event.projectId,
      changeId: event.changeId,
      actorId: event.actorId,
      actorLimits: limits,
      subjectId: head.mergeRequestId,
      payload,
      traceparent: event.traceparent,
    }),
  );
}
