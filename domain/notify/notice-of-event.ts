import type { EventRecord } from '../../contracts/event/types.ts';
import type { NotificationType } from '../../contracts/notify/types.ts';
import { findDeciders } from '../gate/may-decide.ts';
import { findHolders, findMembers } from '../identity/find-holders.ts';
import type { Db } from '../shared/db.ts';
import { type Notice, subjectLine } from './notice.ts';

type Rule = (db: Db, event: EventRecord, projectId: string) => Promise<Notice | null>;

/** What each event tells people. Types that are not here tell nobody; `agent_completed` and `alert_firing` come later. */
const rules: Readonly<Record<string, Rule>> = {
  'pipeline.completed': buildFailed,
  'mr.created': mergeRequestCreated,
  'gate.opened': gateWaiting,
  'deployment.synced': deployment('deployment_synced'),
  'deployment.failed': deployment('deployment_failed'),
  'deployment.rolled_back': deployment('deployment_rolled_back'),
  'deployment.needs_human': deployment('deployment_needs_human'),
};

/** Whether people may have to be told of an event at all; tells without asking the database. */
export function mayCallForNotice({ type, payload, projectId }: EventRecord): boolean {
  if (projectId === null || rules[type] === undefined) return false;
  return type !== 'pipeline.completed' || payload['status'] === 'failure';
}

/** The notice that an event calls for, with everybody who may know of it; null for none. */
export async function noticeOfEvent(db: Db, event: EventRecord): Promise<Notice | null> {
  const rule = rules[event.type];
  if (rule === undefined || event.projectId === null) return null;
  return await rule(db, event, event.projectId);
}

async function projectName(db: Db, projectId: string): Promise<string | null> {
  const project = await db.project.findUnique({
    where: { id: projectId },
    select: { name: true, owner: { select: { name: true } } },
  });
  return project === null ? null : `${project.owner.name}/${project.name}`;
}

const branchName = (ref: string) => ref.replace(/^refs\/(heads|tags)\//, '');

/** A set of user ids, each with whether it is that user's own doing. */
function recipients(ids: Iterable<string>, ownerId: string | null): Map<string, boolean> {
  return new Map([...ids].map((id) => [id, id === ownerId]));
}

async function among(
  db: Db,
  projectId: string,
  permission: 'pipeline:read' | 'project:write',
): Promise<string[]> {
  const holders = await findHolders(db, permission, projectId);
  return [...(await findMembers(db, projectId))].filter((id) => holders.has(id));
}

async function buildFailed(db: Db, event: EventRecord, projectId: string): Promise<Notice | null> {
  if (event.payload['status'] !== 'failure' || event.subjectId === null) return null;
  const run = await db.pipeline.findUnique({
    where: { id: event.subjectId },
    include: { steps: { where: { status: 'failure' }, orderBy: { stepOrder: 'asc' } } },
  });
  const project = await projectName(db, projectId);
  if (run === null || project === null) return null;
  const told = new Set(await among(db, projectId, 'pipeline:read'));
  const readers = await findHolders(db, 'pipeline:read', projectId);
  if (run.triggeredBy !== null && readers.has(run.triggeredBy)) told.add(run.triggeredBy);
  const failed = run.steps.map((step) => `${step.name}: ${step.reason ?? 'failed'}`);
  const where = failed.length === 0 ? '' : ` at ${run.steps[0]?.name ?? ''}`;
  return {
    type: 'build_failed',
    subject: subjectLine(
      `${project} #${String(run.number)} failed${where} on ${branchName(run.gitRef)}`,
    ),
    body: [run.commitTitle, run.error, ...failed].filter((line) => line !== null).join('\n'),
    refType: 'pipeline',
    refId: run.id,
    link: `/pipelines/${run.id}`,
    recipients: recipients(told, run.triggeredBy),
  };
}

async function mergeRequestCreated(
  db: Db,
  event: EventRecord,
  projectId: string,
): Promise<Notice | null> {
  if (event.subjectId === null) return null;
  const request = await db.mergeRequest.findUnique({
    where: { id: event.subjectId },
    include: { author: { select: { name: true } } },
  });
  const project = await projectName(db, projectId);
  if (request === null || project === null) return null;
  const reviewers = await among(db, projectId, 'project:write');
  const { number, title, sourceBranch, targetBranch, author, authorId } = request;
  return {
    type: 'mr_created',
    subject: subjectLine(`${project} !${String(number)}: ${title}`),
    body: `${author.name} wants to merge ${sourceBranch} into ${targetBranch}`,
    refType: 'mr',
    refId: request.id,
    link: `/projects/${project}/merge-requests/${String(number)}`,
    // The author knows.
    recipients: recipients(
      reviewers.filter((id) => id !== authorId),
      null,
    ),
  };
}

async function gateWaiting(db: Db, event: EventRecord, projectId: string): Promise<Notice | null> {
  if (event.subjectId === null) return null;
  const gate = await db.gate.findUnique({ where: { id: event.subjectId } });
  const project = await projectName(db, projectId);
  // One that was decided meanwhile waits for nobody.
  if (gate === null || gate.status !== 'open' || project === null) return null;
  const run =
    gate.subjectType === 'pipeline'
      ? await db.pipeline.findUnique({ where: { id: gate.subjectId } })
      : null;
  const what = run === null ? gate.subjectType : `#${String(run.number)}`;
  const expiry = gate.expiresAt === null ? null : `Expires ${gate.expiresAt.toISOString()}`;
  const quorum = gate.quorum > 1 ? `Needs ${String(gate.quorum)} approvals` : null;
  return {
    type: 'gate_waiting',
    subject: subjectLine(`${project} ${what} waits for approval: ${gate.step}`),
    body: [run?.commitTitle ?? null, quorum, expiry].filter((line) => line !== null).join('\n'),
    refType: 'gate',
    refId: gate.id,
    link: run === null ? await rolloutLink(db, gate.subjectId) : `/pipelines/${run.id}`,
    recipients: recipients(await findDeciders(db, gate), gate.requestedBy),
  };
}

async function rolloutLink(db: Db, syncId: string): Promise<string> {
  const sync = await db.deploymentSync.findUnique({ where: { id: syncId } });
  return sync === null ? '/gates' : `/deployments/${sync.deploymentId}`;
}

/** Told to whoever deploys to, promotes or watches the project's environments. */
function deployment(type: NotificationType): Rule {
  return async (db, event, projectId) => {
    const project = await projectName(db, projectId);
    if (project === null) return null;
    const holders = await toldOfDeployment(db, type, event, projectId);
    if (holders.size === 0) return null;
    const { environment, reason } = event.payload;
    const state = type.replace('deployment_', '').replaceAll('_', ' ');
    const place = typeof environment === 'string' ? ` in ${environment}` : '';
    return {
      type,
      subject: subjectLine(`${project}${place}: ${state}`),
      body: [event.message, reason].filter((line) => typeof line === 'string').join('\n'),
      refType: 'deployment',
      refId: event.subjectId ?? event.id,
      link: `/deployments/${event.subjectId ?? ''}`,
      recipients: recipients(holders, event.actorId),
    };
  };
}

/** Of a preview only its author is told, and only that it failed; what needs a person is told as ever. */
async function toldOfDeployment(
  db: Db,
  type: NotificationType,
  event: EventRecord,
  projectId: string,
): Promise<Set<string>> {
  const { mergeRequestId } = event.payload;
  if (typeof mergeRequestId === 'string' && type !== 'deployment_needs_human') {
    if (type !== 'deployment_failed') return new Set();
    const request = await db.mergeRequest.findUnique({ where: { id: mergeRequestId } });
    const readers = await findHolders(db, 'deploy:read', projectId);
    return new Set(request !== null && readers.has(request.authorId) ? [request.authorId] : []);
  }
  return new Set([
    ...(await findHolders(db, 'deploy:promote', projectId)),
    ...(await findHolders(db, 'deploy:write', projectId)),
  ]);
}
