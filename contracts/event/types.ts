/** Event catalogue: dotted `area.past_verb`. Payload keys are part of the contract. */
export const eventTypes = [
  'user.created',
  'user.updated',
  'user.deactivated',
  'access.changed',
  'project.created',
  'project.updated',
  'project.deleted',
  'git.pushed',
  'git.push_refused',
  'git.ref_repaired',
  'pipeline.created',
  'pipeline.started',
  'pipeline.paused',
  'pipeline.resumed',
  'pipeline.completed',
  // what could have run and does not: its row says why
  'pipeline.skipped',
  // commands: they travel through the outbox, so a signal is neither lost nor overtakes the start of its run
  'pipeline.trigger_requested',
  'pipeline.cancel_requested',
  'pipeline.pause_requested',
  'pipeline.resume_requested',
  'step.started',
  'step.completed',
  'step.failed',
  'step.skipped',
  'step.blocked',
  'gate.opened',
  'gate.decided',
  'gate.closed',
  'artifact.stored',
  'artifact.expired',
  'issue.created',
  'issue.updated',
  'issue.status_changed',
  'issue.commented',
  'mr.created',
  'mr.updated',
  'mr.merged',
  'mr.closed',
  'mr.reopened',
  'mr.reviewed',
  'mr.commented',
  'mr.auto_merge_enabled',
  'mr.auto_merge_cancelled',
  'secret.changed',
  'secret.deleted',
  'ops_repo.created',
  'ops_repo.updated',
  'ops_repo.deleted',
  // the branch of a foreign one has another head: its followers reconcile, as after a push to a hosted one
  'ops_repo.moved',
  // a foreign one begins to fail, and can be read again
  'ops_repo.unreachable',
  'ops_repo.reachable',
  'deployment.created',
  // a command like those of pipelines: whoever changed the row wakes its workflow through the outbox
  'deployment.desired_changed',
  'deployment.abort_requested',
  'deployment.sync_started',
  // an object of a rollout moved; told to whoever watches it now, and not kept
  'deployment.progressed',
  'deployment.synced',
  'deployment.failed',
  'deployment.rolled_back',
  'deployment.quarantined',
  'deployment.needs_human',
  'deployment.health_changed',
  'deployment.drift_found',
  'deployment.drift_contested',
  'deployment.deleted',
  // a command: its workflow reconciles again what the merge request wants
  'preview.requested',
  'preview.up',
  'preview.gone',
  // a command: send this delivery again
  'delivery.requested',
  // somebody has something new in the app; says neither who nor what
  'notification.created',
  'engine.state_repaired',
  // seed 000's catalogue, emitted by the areas that come later
  'protocol.created',
  'protocol.started',
  'protocol.planned',
  'protocol.completed',
  'protocol.failed',
  'qa.started',
  'qa.passed',
  'qa.failed',
  'feedback.created',
  'clarification.created',
  'clarification.answered',
  'ci.check_run',
  'ci.pr_opened',
] as const;

export type EventType = (typeof eventTypes)[number];

/** One ref that moved. `oldSha`/`newSha` are 40 zeros when the ref was made / deleted. */
export interface RefUpdate {
  ref: string;
  oldSha: string;
  newSha: string;
}

export interface GitPushedPayload {
  pushId: string;
  pusherId: string | null;
  pusherName: string;
  updates: RefUpdate[];
  /** its options ask for no run; absent: they do not */
  isSkipped?: boolean;
}

/** What is left of a push to run: refs whose turn comes when the events of others have had theirs. */
export interface TriggerRequestedPayload extends GitPushedPayload {
  /** how often it was put off */
  round: number;
}

/** The head of a merge request whose definition was still being read when it came. */
export interface MergeRequestTriggerPayload {
  mergeRequestId: string;
  headSha: string;
  sourceBranch: string;
  /** what it goes into; absent in events of before: what it goes into by then */
  targetBranch?: string;
  /** how often it was put off */
  round: number;
}

/** An event as readers see it. `position` orders events in commit order and is the SSE event id. */
export interface EventRecord {
  id: string;
  position: string;
  type: EventType;
  projectId: string | null;
  changeId: string | null;
  actorId: string | null;
  subjectId: string | null;
  message: string;
  payload: Record<string, unknown>;
  traceparent: string | null;
  createdAt: string;
}
