import { z } from 'zod';
import type { EventType } from './types.ts';

/*
 * What each event carries. Keys named here are promised to subscribers; an event may carry more.
 * Names in snake_case are seed 000's table and stay as they are written there.
 */

const id = z.string().min(1);
const text = z.string();
const count = z.number().int().nonnegative();
const any = z.looseObject({});

const run = z.looseObject({ number: count });
const step = z.looseObject({ pipelineId: id, step: id });
/** `pipelineId` where a pipeline waits, `syncId` where a deployment does. */
const gate = z.looseObject({ pipelineId: id.optional(), syncId: id.optional(), step: id });
const deployment = z.looseObject({ environment: id });
const preview = z.looseObject({ mergeRequestId: id, number: count });
const sync = deployment.extend({ syncId: id, imageRef: text });
const protocol = z.looseObject({ protocol_run_id: id });
const protocolStep = z.looseObject({ step_run_id: id });
const clarification = z.looseObject({ clarification_id: id });

const issue = z.looseObject({
  number: count,
  title: text,
  authorId: id,
  assigneeId: id.nullable(),
  status: id,
});

const mergeRequest = z.looseObject({
  number: count,
  title: text,
  authorId: id,
  sourceBranch: id,
  targetBranch: id,
  headSha: id,
  baseSha: id.nullable(),
  status: id,
});

const refUpdate = z.looseObject({ ref: id, oldSha: text, newSha: text });

const push = z.looseObject({
  pushId: id,
  pusherId: id.nullable(),
  pusherName: text,
  updates: z.array(refUpdate),
});

/** A definition that took its time, of the head of a merge request; that of a push is the push. */
const mergeRequestTrigger = z.looseObject({
  mergeRequestId: id,
  headSha: id,
  sourceBranch: id,
  round: count,
});

/** Steps of pipelines and steps of protocols share their event types; each has its own keys. */
const either = (ofPipeline: z.ZodType, ofProtocol: z.ZodType) => z.union([ofPipeline, ofProtocol]);

export const eventPayloads: Readonly<Record<EventType, z.ZodType>> = {
  'user.created': any,
  'user.updated': any,
  'user.deactivated': any,
  'access.changed': any,
  'project.created': any,
  'project.updated': any,
  'project.deleted': any,
  'git.pushed': push,
  'git.push_refused': any,
  'git.ref_repaired': any,
  'pipeline.created': run.extend({ trigger: id, gitRef: id }),
  'pipeline.started': run,
  'pipeline.paused': run,
  'pipeline.resumed': run,
  'pipeline.completed': run.extend({ status: id }),
  'pipeline.skipped': run.extend({ trigger: id, gitRef: id, reason: text }),
  'pipeline.trigger_requested': z.union([push.extend({ round: count }), mergeRequestTrigger]),
  'pipeline.cancel_requested': any,
  'pipeline.pause_requested': any,
  'pipeline.resume_requested': any,
  'step.started': either(step, protocolStep.extend({ agent_id: id })),
  'step.completed': either(step, protocolStep.extend({ artifacts: z.array(z.unknown()) })),
  'step.failed': either(step, protocolStep.extend({ error: text })),
  'step.skipped': step,
  'step.blocked': either(step, protocolStep.extend({ reason: text })),
  'gate.opened': gate,
  'gate.decided': gate.extend({ decision: id }),
  'gate.closed': gate.extend({ status: id }),
  'artifact.stored': any,
  'artifact.expired': any,
  'issue.created': issue,
  'issue.updated': issue.extend({ changed: z.array(text) }),
  'issue.status_changed': issue,
  'issue.commented': issue.extend({ commentId: id }),
  'mr.created': mergeRequest,
  'mr.updated': mergeRequest.extend({ changed: z.array(text) }),
  'mr.merged': mergeRequest.extend({ mergeSha: id, style: id, closedIssues: z.array(count) }),
  'mr.closed': mergeRequest,
  'mr.reopened': mergeRequest,
  'mr.reviewed': mergeRequest.extend({ reviewId: id, verdict: id, commitSha: id }),
  'mr.commented': mergeRequest.extend({ commentIds: z.array(id) }),
  'mr.auto_merge_enabled': mergeRequest.extend({ style: id }),
  'mr.auto_merge_cancelled': mergeRequest.extend({ reason: text }),
  'secret.changed': any,
  'secret.deleted': any,
  'ops_repo.created': any,
  'ops_repo.updated': any,
  'ops_repo.deleted': any,
  'ops_repo.moved': z.looseObject({ name: id, sha: id, previousSha: id.nullable() }),
  'ops_repo.unreachable': z.looseObject({ name: id, reason: text }),
  'ops_repo.reachable': z.looseObject({ name: id, sha: id }),
  'deployment.created': deployment,
  'deployment.desired_changed': deployment.extend({ generation: count }),
  'deployment.abort_requested': deployment.extend({ reason: text }),
  'deployment.sync_started': sync.extend({ action: id, number: count }),
  'deployment.progressed': deployment.extend({ syncId: id }),
  'deployment.synced': sync.extend({ action: id, revision: count }),
  'deployment.failed': deployment.extend({ reason: text }),
  'deployment.rolled_back': sync.extend({ reason: text, revision: count }),
  'deployment.quarantined': deployment.extend({ revision: count, reason: text }),
  'deployment.needs_human': deployment.extend({ reason: text }),
  'deployment.health_changed': deployment.extend({ status: id }),
  'deployment.drift_found': deployment.extend({ fields: z.array(text) }),
  'deployment.drift_contested': deployment.extend({ fields: z.array(text) }),
  'deployment.deleted': deployment,
  'preview.requested': preview.extend({ cause: id }),
  'preview.up': preview.extend({ deploymentId: id, commitSha: id.nullable(), urls: z.array(text) }),
  'preview.gone': preview.extend({ reason: id }),
  'delivery.requested': z.looseObject({ subscription: id }),
  'notification.created': any,
  'engine.state_repaired': z.looseObject({ kind: id, dbStatus: text, engineStatus: text }),
  'protocol.created': protocol,
  'protocol.started': protocol.extend({ workflow_id: id }),
  'protocol.planned': protocol.extend({ task_count: count }),
  'protocol.completed': protocol.extend({ duration: z.number().nonnegative() }),
  'protocol.failed': protocol.extend({ error: text }),
  'qa.started': protocolStep,
  'qa.passed': protocolStep.extend({ score: z.number() }),
  'qa.failed': protocolStep.extend({ findings: z.array(z.unknown()) }),
  'feedback.created': protocolStep.extend({ action: id }),
  'clarification.created': clarification,
  'clarification.answered': clarification,
  'ci.check_run': z.looseObject({ status: id, conclusion: id.nullable() }),
  'ci.pr_opened': z.looseObject({ pr_url: id, pr_number: count }),
};
