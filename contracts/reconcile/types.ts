import type { DeploymentState } from '../deploy/types.ts';
import type { PipelineStatus, StepStatus } from '../pipeline/types.ts';

/** Id of the schedule, and of the workflow that it starts. */
export const reconcileScheduleId = 'reconcile';

/** What the engine knows of a run, in the words of runs. */
export type EngineRun =
  | {
      state: 'running';
      /** null: it did not answer just now */
      steps: { name: string; status: StepStatus }[] | null;
    }
  | { state: 'ended'; status: Extract<PipelineStatus, 'success' | 'failure' | 'cancelled'> }
  | { state: 'missing' }
  /** a state that this version does not know, or no answer: nothing is concluded from it */
  | { state: 'unknown' };

/** A run or step that the database shows otherwise than the engine. */
export interface Mismatch {
  kind: 'pipeline' | 'step';
  pipelineId: string;
  /** null for the run itself */
  stepId: string | null;
  dbStatus: string;
  /** a status, or `missing` */
  engineStatus: string;
}

/** What the engine knows of the entity of an environment. */
export type EngineEntity =
  | {
      state: 'running';
      /** null: it did not answer just now */
      at: Pick<DeploymentState, 'phase' | 'syncId'> | null;
    }
  | { state: 'ended'; status: 'completed' | 'failure' | 'cancelled' }
  | { state: 'missing' }
  | { state: 'unknown' };

/**
 * Where an environment and its entity differ. `deployment`: nothing runs for the row, or what runs has not heard of the
 * last desired state. `sync`: an open sync that the entity knows nothing of. `orphan`: an entity whose row is gone.
 */
export interface DeploymentMismatch {
  kind: 'deployment' | 'sync' | 'orphan';
  /** null for an orphan */
  deploymentId: string | null;
  projectId: string;
  environment: string;
  /** null but for a sync */
  syncId: string | null;
  dbStatus: string;
  /** how the entity is, `missing`, or for a sync what the entity does instead */
  engineStatus: string;
}

/** What the engine knows of the workflow of a preview. `unknown`: nothing is concluded from it. */
export type EnginePreview =
  'running' | 'completed' | 'failure' | 'cancelled' | 'missing' | 'unknown';

/** A preview whose workflow does not do what its rows ask for. */
export interface PreviewMismatch {
  kind: 'preview';
  mergeRequestId: string;
  /** null where nothing is known of it here any more */
  projectId: string | null;
  /**
   * The status of its row; or `wanted` (a green head asks for it and there is none), `reopened` (it went with its merge
   * request, which is open again), `over` (it has to end and does not), `missing` (its rows are gone)
   */
  dbStatus: string;
  /** how the workflow is, or `missing` */
  engineStatus: string;
}

/** Environments and previews come in one list. */
export type EnvironmentMismatch = DeploymentMismatch | PreviewMismatch;

/** Effects of a pass. All read the rows anew, so a repeated call does no harm. */
export interface ReconcileActivities {
  /** Environments after the one named, all of them unless very many differ; orphans and previews come with the last. */
  findDeploymentMismatches(input: {
    after: string | null;
  }): Promise<{ checked: number; mismatches: EnvironmentMismatch[]; next: string | null }>;
  /** Repairs what is still as it was found. */
  repairDeploymentMismatches(input: {
    mismatches: EnvironmentMismatch[];
  }): Promise<{ repaired: number }>;
  /** Delivers commands again that could not be delivered and were put aside. */
  retryCommands(): Promise<{ repaired: number }>;
  /** One batch of unfinished runs after the one named; `next` null: that was the last. */
  findMismatches(input: {
    after: string | null;
  }): Promise<{ checked: number; mismatches: Mismatch[]; next: string | null }>;
  /** Repairs what is still as it was found. */
  repairMismatches(input: { mismatches: Mismatch[] }): Promise<{ repaired: number }>;
}

export interface ReconcileResult {
  checked: number;
  repaired: number;
}

/** The engine's word for the state of a workflow → ours; null for one that it may learn later. */
export function mapEngineStatus(
  name: string,
): 'running' | 'completed' | 'failure' | 'cancelled' | null {
  switch (name) {
    case 'RUNNING':
    case 'CONTINUED_AS_NEW':
    case 'PAUSED':
      return 'running';
    case 'COMPLETED':
      return 'completed';
    case 'FAILED':
    case 'TERMINATED':
    case 'TIMED_OUT':
      return 'failure';
    case 'CANCELLED':
    case 'CANCELED':
      return 'cancelled';
    default:
      return null;
  }
}
