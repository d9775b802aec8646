import type { EntryDraft } from './change-entry.ts';
import type { ChangeRows } from './load-changes.ts';

type Row<K extends keyof ChangeRows> = ChangeRows[K][number];
/** `owner/name` by the id of a project */
export type ProjectNames = ReadonlyMap<string, string>;

const branchName = (ref: string) => ref.replace(/^refs\/(heads|tags)\//, '');

/** Everything that the domain rows tell of a change, in no order. */
export function entriesOf(rows: ChangeRows, names: ProjectNames): EntryDraft[] {
  return [
    ...rows.pushes.map((push) => ofPush(push, names)),
    ...rows.mergeRequests.flatMap((request) => ofRequest(request, names)),
    ...rows.pipelines.map(ofRun),
    ...rows.gates.flatMap((gate) => ofGate(gate)),
    ...rows.syncs.flatMap((sync) => ofSync(sync, names)),
  ];
}

function ofPush(push: Row<'pushes'>, names: ProjectNames): EntryDraft {
  const updates = push.updates as { ref: string; oldSha: string; newSha: string }[];
  const refs = updates.map((update) => branchName(update.ref));
  const sha = updates[0]?.newSha;
  return {
    id: push.id,
    kind: 'push',
    title: `Pushed ${refs.slice(0, 3).join(', ')}${refs.length > 3 ? ' …' : ''}`,
    state: null,
    at: push.createdAt,
    endedAt: null,
    actorId: push.pusherId,
    projectId: push.projectId,
    link: sha === undefined ? null : `/projects/${names.get(push.projectId) ?? ''}/commits/${sha}`,
    detail: { updates },
  };
}

function ofRequest(request: Row<'mergeRequests'>, names: ProjectNames): EntryDraft[] {
  const { number, title, status, projectId, sourceBranch, targetBranch } = request;
  const link = `/projects/${names.get(projectId) ?? ''}/merge-requests/${String(number)}`;
  const detail = { number, sourceBranch, targetBranch, mergedBy: request.mergedBy };
  return [
    {
      id: request.id,
      kind: 'merge_request',
      title: `!${String(number)} ${title}`,
      state: status,
      at: request.createdAt,
      endedAt: request.mergedAt,
      actorId: request.authorId,
      projectId,
      link,
      detail,
    },
    ...request.reviews.map((review) => ({
      id: review.id,
      kind: 'review' as const,
      title: `Reviewed !${String(number)}`,
      state: review.verdict,
      at: review.createdAt,
      endedAt: null,
      actorId: review.reviewerId,
      projectId,
      link,
      detail: { number, body: review.body },
    })),
  ];
}

function ofRun(run: Row<'pipelines'>): EntryDraft {
  const { number, trigger, gitRef, commitSha, commitTitle, error } = run;
  return {
    id: run.id,
    kind: 'pipeline',
    title: `Pipeline #${String(number)}`,
    state: run.status,
    at: run.createdAt,
    endedAt: run.finishedAt,
    actorId: run.triggeredBy,
    projectId: run.projectId,
    link: `/pipelines/${run.id}`,
    detail: {
      number,
      trigger,
      gitRef,
      commitSha,
      commitTitle,
      error,
      steps: run.steps.map(({ startedAt, finishedAt, ...step }) => ({
        ...step,
        startedAt: startedAt?.toISOString() ?? null,
        finishedAt: finishedAt?.toISOString() ?? null,
      })),
    },
  };
}

function ofGate(gate: Row<'gates'>): EntryDraft[] {
  const { step, subjectType, subjectId, quorum, permission, projectId } = gate;
  const link = subjectType === 'pipeline' ? `/pipelines/${subjectId}` : null;
  return [
    {
      id: gate.id,
      kind: 'gate',
      title: `Waited at ${step}`,
      state: gate.status,
      at: gate.createdAt,
      endedAt: gate.closedAt,
      actorId: gate.requestedBy,
      projectId,
      link,
      detail: { step, subjectType, subjectId, quorum, permission },
    },
    ...gate.decisions.map((decision) => ({
      id: decision.id,
      kind: 'decision' as const,
      title: `Decided ${step}`,
      state: decision.decision,
      at: decision.createdAt,
      endedAt: null,
      actorId: decision.deciderId,
      projectId,
      link,
      detail: { gateId: gate.id, step, reason: decision.reason },
    })),
  ];
}

function ofSync(sync: Row<'syncs'>, names: ProjectNames): EntryDraft[] {
  const { environment, id: deploymentId } = sync.deployment;
  const link = `/projects/${names.get(sync.projectId) ?? ''}/deployments`;
  const detail = {
    deploymentId,
    environment,
    action: sync.action,
    number: sync.number,
    revision: sync.revision.number,
    imageRef: sync.revision.imageRef,
    reason: sync.reason,
  };
  const entry = {
    id: sync.id,
    kind: sync.action === 'rollback' ? ('rollback' as const) : ('deployment' as const),
    title: `${sync.action === 'rollback' ? 'Rollback in' : `${sync.action} to`} ${environment}`,
    state: sync.status,
    at: sync.startedAt,
    endedAt: sync.finishedAt,
    actorId: sync.requestedBy,
    projectId: sync.projectId,
    link,
    detail,
  };
  if (sync.status !== 'undone' || sync.finishedAt === null) return [entry];
  const undone = {
    ...entry,
    id: `${sync.id}-undo`,
    kind: 'rollback' as const,
    title: `Rolled back in ${environment}`,
    at: sync.finishedAt,
    endedAt: null,
    actorId: null,
  };
  return [entry, undone];
}
