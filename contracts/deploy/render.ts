import type { DeployPhase, Manifest, ObjectRef } from './manifest.ts';

/** Something beneath the manifest path that was not read. What it would have said is not known, so nothing goes on without it. */
export interface UnreadEntry {
  /** relative to the manifest path */
  path: string;
  /** why, as the end of a sentence that begins with the path */
  why: string;
  /** whether plain manifests could lie in it, by its name or its kind; kustomize and Helm may read anything */
  mayHoldManifests: boolean;
}

/** A folder of a commit as it was read. Every entry beneath it is in one of the three. */
export interface ManifestFolder {
  /** relative path → text */
  files: ReadonlyMap<string, string>;
  /** relative path → what is no text in UTF-8, and no YAML by its name */
  binaries: ReadonlyMap<string, Uint8Array>;
  unread: readonly UnreadEntry[];
}

/** What a revision is rendered from. */
export interface RenderInput extends ManifestFolder {
  /** namespace that every object must lie in; put in where it is absent */
  namespace: string;
  imageRef: string;
  /** over `values.yaml` of the folder */
  valuesOverride: Record<string, unknown> | null;
  /** what templates may also use: `.Environment`, `.Project`, `.Change`, `.Commit` */
  facts: { environment: string; project: string; changeId: string | null; commit: string | null };
  /** whether cluster-wide kinds may be applied */
  clusterScope: boolean;
  /** whether nothing at all is a fair result; without it an empty render is refused */
  allowEmpty?: boolean;
}

/** Why a revision cannot be rendered: where it was written (line from 1), and what is wrong in plain words. */
export interface RenderFault {
  file: string;
  line: number;
  message: string;
}

/** Text that a tool (`kustomize`, `helm`) rendered: what its faults are reported under, and the YAML itself. */
export interface RenderedText {
  file: string;
  text: string;
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

/** What a newer revision leaves behind, and in which order it goes. */
export interface PrunePlan {
  /** in the order in which to delete */
  remove: ObjectRef[];
  /** what stays: it is still rendered, or it asked not to be pruned, or nothing may go at all */
  keep: ObjectRef[];
  /** more than half of what was there would go: only after a person said so */
  needsPerson: boolean;
}

/** An object that was applied before, as far as pruning cares. */
export interface PrunableObject {
  ref: ObjectRef;
  wave: number;
  /** `Prune=false`: it stays when it is rendered no more */
  isKept: boolean;
}

/** What a renderer of others is to make manifests of. */
export interface ToolRequest extends ManifestFolder {
  environment: string;
  namespace: string;
  /** name of a Helm release */
  release: string;
  /** all values for a chart, merged; asked for only by what takes values */
  values: () => Promise<Record<string, unknown>>;
}

/** The real `kustomize` and `helm`, where a folder asks for one of them. */
export interface ManifestTools {
  /**
   * What the tool made of the files, or null where they ask for none. Errors: DomainError `validation_failed` (the tool
   * refuses them, or is not there: how to get it), `unavailable` (nothing here can keep it away from the machine),
   * `rate_limited` (too many are rendered at the moment).
   * @param whose on whose account: one of each is rendered at a time
   */
  render(request: ToolRequest, whose: string): Promise<RenderedText | null>;
}
