import type { TargetKind } from '../deploy/target.ts';
import type { Environment } from '../deploy/types.ts';

export const pipelineStatuses = [
  'pending',
  'running',
  'success',
  'failure',
  'cancelled',
  // no run at all: its commit or its push says so, or there is nothing that could run
  'skipped',
] as const;
export type PipelineStatus = (typeof pipelineStatuses)[number];

export const stepStatuses = [
  'pending',
  'running',
  'waiting',
  'success',
  'failure',
  'skipped',
  'cancelled',
] as const;
export type StepStatus = (typeof stepStatuses)[number];

export const pipelineTriggers = ['push', 'api', 'schedule', 'mr'] as const;
export type PipelineTrigger = (typeof pipelineTriggers)[number];

/** Transitions of a pipeline. A queued one can be cancelled; one whose definition is bad fails without running. */
export const pipelineTransitions: Readonly<Record<PipelineStatus, readonly PipelineStatus[]>> = {
  pending: ['running', 'failure', 'cancelled'],
  running: ['success', 'failure', 'cancelled'],
  success: [],
  failure: [],
  cancelled: [],
  skipped: [],
};

/** Transitions of a step. `running → pending` is a retry: a new attempt of the same step. */
export const stepTransitions: Readonly<Record<StepStatus, readonly StepStatus[]>> = {
  pending: ['running', 'waiting', 'skipped', 'cancelled'],
  waiting: ['success', 'failure', 'skipped', 'cancelled'],
  running: ['success', 'failure', 'cancelled', 'pending'],
  success: [],
  failure: ['pending'],
  skipped: [],
  cancelled: [],
};

/** A gate as written in `.platform.yaml`. */
export interface GateDefinition {
  approvals: number;
  /** permission that a decider needs */
  by: string;
  expiresMs: number;
}

export interface ArtifactDefinition {
  name: string;
  /** glob relative to the workspace: `dist/**` */
  path: string;
  expiresMs: number | null;
}

/** The clone that a run's steps work in. */
export interface CloneDefinition {
  /** the newest commits that it has; 0: all */
  depth: number;
  /** all tags of the project, else those of its commits */
  tags: boolean;
}

export const defaultClone: CloneDefinition = { depth: 20, tags: false };

/** A step as it runs: durations in ms, references to secrets by name, never a value. */
export interface StepPlan {
  name: string;
  kind: 'command' | 'gate';
  image: string;
  commands: string[];
  needs: string[];
  /** plain environment; may hold `${{ secrets.NAME }}` references, resolved only inside the activity that runs the step */
  env: Record<string, string>;
  /** names of secrets given to the step as environment variables of the same name */
  secrets: string[];
  retries: number;
  timeoutMs: number;
  network: 'egress' | 'none';
  artifacts: ArtifactDefinition[];
  gate: GateDefinition | null;
  /** decided from `when` at planning time; null = it runs */
  skipReason: string | null;
  /** the run goes on when this step fails */
  allowFailure: boolean;
}

/** What a successful run asks of the deployer; it never applies anything itself. */
export interface DeployPlan {
  environment: Environment;
  /** `artifact:NAME` or a container image */
  image: string;
  target: TargetKind | null;
  manifestPath: string | null;
  approvals: number;
  bakeMs: number;
  healthTimeoutMs: number;
  /** of a preview: gone this long after the last push; plans of earlier versions have none */
  ttlMs?: number;
  /** without a `when` of its own only the default branch deploys, and only merge requests a preview */
  isImplicit: boolean;
  /** decided from `when`; null = it is asked for */
  skipReason: string | null;
}

export interface PipelinePlan {
  steps: StepPlan[];
  /** what steps find of the history; plans of earlier versions have none */
  clone?: CloneDefinition;
  deploy?: DeployPlan[];
  /** what the file asks for and this version does not do, one sentence each; told at the top of the first log */
  notices?: string[];
}

/** What a step's activity answers. A failing command is an answer, not an error. */
export interface StepResult {
  status: 'success' | 'failure' | 'cancelled';
  exitCode: number | null;
  reason: string | null;
  durationMs: number;
}

export interface PipelineRunInput {
  pipelineId: string;
  projectId: string;
  changeId: string;
}

export interface PipelineRunResult {
  status: PipelineStatus;
}

/** Answer of the `runState` query. */
export interface PipelineRunState {
  status: PipelineStatus;
  paused: boolean;
  steps: { name: string; status: StepStatus; attempt: number; reason: string | null }[];
}
