import type { DeploymentPlace } from './types.ts';

/** Why a preview ended. `unwanted`: the definition asks for none any more. */
export const previewEndReasons = ['closed', 'merged', 'expired', 'stopped', 'unwanted'] as const;
export type PreviewEndReason = (typeof previewEndReasons)[number];

/** What people see of a preview: its own status, and that of its deployment, in one word. */
export const previewStates = [
  'none',
  'waiting',
  'coming_up',
  'running',
  'degraded',
  'failed',
  'ending',
  'gone',
] as const;
export type PreviewState = (typeof previewStates)[number];

/** A preview that nobody pushes to is gone after this long. */
export const defaultPreviewTtlMs = 72 * 3_600_000;

export interface PreviewInput {
  mergeRequestId: string;
  projectId: string;
}

/** The deployment of a preview, as its workflow starts it. */
export interface PreviewDeployment extends DeploymentPlace {
  deploymentId: string;
  projectId: string;
  changeId: string | null;
  /** what the Temporal UI shows */
  summary: string;
}

/**
 * What a preview's workflow is to do now. `end`: its deployment goes first, then the preview; the deployment is null when
 * nothing of it is left. `none`: there is no such preview any more.
 */
export type PreviewPlan =
  | { kind: 'none' }
  | { kind: 'keep'; restMs: number; deployment: PreviewDeployment | null }
  | { kind: 'end'; reason: PreviewEndReason; deployment: PreviewDeployment | null };

/** Rows of previews, over Postgres only: queue `core`. Idempotent. */
export interface PreviewRecords {
  /** Decides from merge request, time and requests; declares what the newest green run of the head built, or the end. */
  planPreview(input: { mergeRequestId: string }): Promise<PreviewPlan>;
  /** Ends a preview of which nothing is left. */
  finishPreview(input: { mergeRequestId: string; reason: PreviewEndReason }): Promise<void>;
}
