import type { EnginePreview, PreviewMismatch } from '../../contracts/reconcile/types.ts';

/** A preview as the database has it, with what its merge request says of it. */
export interface StoredPreview {
  mergeRequestId: string;
  projectId: string;
  /** null: a green head asks for one and there is none */
  status: 'waiting' | 'up' | 'ending' | 'gone' | null;
  /** its merge request is closed or merged, somebody ended it, or its time is over */
  isOver: boolean;
  /** its deployment, or what is left of it, is there */
  hasDeployment: boolean;
  /** when any of that last changed */
  changedAt: Date;
}

/** What people and pipelines ask for goes through the outbox. */
const graceMs = 30_000;

/** Where the database and the engine disagree on a preview. One that is gone counts only where something is left of it, or to do. */
export function comparePreview(
  row: StoredPreview,
  engine: EnginePreview,
  now: Date,
): PreviewMismatch[] {
  if (engine === 'unknown' || now.getTime() - row.changedAt.getTime() < graceMs) return [];
  const isLive = row.status !== null && row.status !== 'gone';
  const isDeaf = row.isOver && row.status !== 'ending';
  if (isLive && engine === 'running' && !isDeaf) return [];
  const { mergeRequestId, projectId } = row;
  const dbStatus = wordOf(row);
  return [{ kind: 'preview', mergeRequestId, projectId, dbStatus, engineStatus: engine }];
}

function wordOf({ status, isOver, hasDeployment }: StoredPreview): string {
  if (status === null) return 'wanted';
  if (status === 'gone') return hasDeployment ? 'gone' : 'reopened';
  return isOver && status !== 'ending' ? 'over' : status;
}

/** The same disagreement as before. */
export function isSamePreviewMismatch(a: PreviewMismatch, b: PreviewMismatch): boolean {
  return (
    a.mergeRequestId === b.mergeRequestId &&
    a.dbStatus === b.dbStatus &&
    a.engineStatus === b.engineStatus
  );
}
