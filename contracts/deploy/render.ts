import type { DeployPhase, Manifest, ObjectRef } from './manifest.ts';

/** What a revision is rendered from. */
export interface RenderInput {
  /** files beneath the manifest path: relative path → text */
  files: ReadonlyMap<string, string>;
  /** namespace that every object must lie in; put in where it is absent */
  namespace: string;
  imageRef: string;
  /** over `values.yaml` of the folder */
  valuesOverride: Record<string, unknown> | null;
  /** what templates may also use: `.Environment`, `.Project`, `.Change`, `.Commit` */
  facts: { environment: string; project: string; changeId: string | null; commit: string | null };
  /** whether cluster-wide kinds may be applied */
  clusterScope: boolean;
}

/** One wave of one phase: its objects are applied in this order and must be healthy before the next wave. */
export interface PlannedWave {
  phase: DeployPhase;
  wave: number;
  objects: { ref: ObjectRef; sha256: string; isHook: boolean; deletePolicy: HookDeletePolicy[] }[];
}

export const hookDeletePolicies = ['BeforeHookCreation', 'HookSucceeded', 'HookFailed'] as const;
export type HookDeletePolicy = (typeof hookDeletePolicies)[number];

export interface RenderedRevision {
  manifests: Manifest[];
  waves: PlannedWave[];
}
