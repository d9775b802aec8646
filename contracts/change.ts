/** Where a change is, the furthest first. */
export const changeStates = [
  'needs_human',
  'waiting',
  'rolled_back',
  'deployed',
  'deploying',
  'failure',
  'running',
  'success',
  'cancelled',
  'merged',
  'open',
  'pushed',
] as const;
export type ChangeState = (typeof changeStates)[number];

/** What may stand in the timeline of a change. */
export const changeEntryKinds = [
  'push',
  'merge_request',
  'review',
  'pipeline',
  'gate',
  'decision',
  'deployment',
  'rollback',
  'event',
] as const;
export type ChangeEntryKind = (typeof changeEntryKinds)[number];
