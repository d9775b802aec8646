import type { TargetKind } from './target.ts';

export const environments = ['preview', 'staging', 'production'] as const;
export type Environment = (typeof environments)[number];

export const desiredStatuses = ['active', 'stopped', 'rollback'] as const;
export type DesiredStatus = (typeof desiredStatuses)[number];

export const currentStatuses = ['pending', 'syncing', 'healthy', 'degraded', 'failed'] as const;

/** What a sync was for; the words of seed 001's history. */
export const syncActions = ['deploy', 'rollback', 'stop', 'scale'] as const;
export type SyncAction = (typeof syncActions)[number];

export const syncStatuses = [
  'running',
  'waiting',
  'baking',
  'undoing',
  'succeeded',
  'undone',
  'superseded',
  'rejected',
  'needs_human',
] as const;
export type SyncStatus = (typeof syncStatuses)[number];

/** `undone`: it failed and the revision before it serves again. `needs_human`: the undo failed as well. */
export type SyncOutcome = Extract<
  SyncStatus,
  'succeeded' | 'undone' | 'superseded' | 'rejected' | 'needs_human'
>;

/** Good revisions whose rendered manifests are kept, so that a rollback works while git is away. */
export const keptRevisions = 20;

/** Self-heals of one field within this time before we stop and name who keeps changing it. */
export const healLimit = { count: 3, withinMs: 10 * 60_000 } as const;

/** How often a target is compared with what is desired where no ops repository says so. */
export const defaultSyncIntervalMs = 60_000;

/** How often one is that was not healthy when it was observed last: nobody should read of a trouble that is over. */
export const unhealthyObserveMs = 10_000;

/** What is desired now, as the entity reads it before each pass. */
export interface DesiredState {
  generation: number;
  observedGeneration: number;
  desiredStatus: DesiredStatus;
  isPaused: boolean;
  isDeleting: boolean;
  target: TargetKind;
  approvals: number;
  bakeMs: number;
  healthTimeoutMs: number;
  selfHeal: boolean;
  liveRevisionId: string | null;
  projectId: string;
  changeId: string | null;
}

export interface WaveRef {
  phase: 'PreSync' | 'Sync' | 'PostSync' | 'SyncFail';
  wave: number;
}

/** Answer to `planSync`: what there is to do, or why nothing is done. */
export type SyncPlan =
  /** `isSealed`: only until the secrets open again */
  | { kind: 'nothing'; reason: string; isSealed?: boolean }
  | {
      kind: 'planned';
      syncId: string;
      number: number;
      /** of what is desired and planned here; planning may itself have adopted something newer */
      generation?: number;
      revisionId: string;
      revisionNumber: number;
      action: SyncAction;
      /** in the order in which they run, SyncFail last */
      waves: WaveRef[];
      prune: { count: number; needsPerson: boolean };
    };

/** Result of watching a wave, or a whole revision while it bakes. */
export type WaveVerdict = { healthy: true } | { healthy: false; reason: string };

/** What an observation of the target found. */
export interface Observation {
  /** the source of manifests moved on, or what is applied is not what is desired: sync */
  revisionChanged: boolean;
  /** keys `object#pointer` of fields that are not as desired, with the field manager that wrote them */
  drift: { key: string; manager: string | null }[];
  healthy: boolean;
}

/** Where the objects of a deployment are; enough to remove them when its row is gone. */
export interface DeploymentPlace {
  target: TargetKind;
  environment: string;
  namespace: string;
}

export interface DeploymentInput {
  deploymentId: string;
  projectId: string;
  /** of a preview: it takes itself down when it is cancelled, and when its row is gone */
  preview?: DeploymentPlace;
  /** kept through continue-as-new: times of self-heals by field, ms since epoch */
  heals?: Record<string, number[]>;
}

/** Answer of the `deploymentState` query. */
export interface DeploymentState {
  phase:
    | 'idle'
    | 'planning'
    | 'waiting'
    | 'syncing'
    | 'baking'
    | 'undoing'
    | 'paused'
    /** waits for secrets that do not open */
    | 'sealed'
    | 'removing';
  syncId: string | null;
  generation: number;
  /** fields that are healed no more, because another manager keeps changing them */
  contested: string[];
}
