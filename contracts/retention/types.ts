/** Id of the schedule, and of the workflow that it starts. */
export const retentionScheduleId = 'retention';

/** What one pass removed. */
export interface RetentionResult {
  events: number;
  artifacts: number;
  /** that deleted projects left in the object store */
  leftObjects: number;
  idempotencyKeys: number;
}

/** Effects of a retention pass. Each removes what is over its time by the time it runs, so a repeated call does no harm. */
export interface RetentionActivities {
  removeOldEvents(): Promise<{ removed: number }>;
  /** One batch; `more`: call again. */
  removeExpiredArtifacts(): Promise<{ removed: number; more: boolean }>;
  /** One batch; `more`: call again. */
  removeLeftObjects(): Promise<{ removed: number; more: boolean }>;
  removeOldIdempotencyKeys(): Promise<{ removed: number }>;
}
