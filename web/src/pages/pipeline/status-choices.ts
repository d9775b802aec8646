/** States that a list of runs can be narrowed to. */
export const runStatuses = [
  'running',
  'pending',
  'success',
  'failure',
  'cancelled',
  'skipped',
] as const;

/** Choices of the filter by state, as every list of runs has it. */
export const statusChoices = [
  ['', 'Any state'],
  ['running', 'Running'],
  ['pending', 'Queued'],
  ['success', 'Passed'],
  ['failure', 'Failed'],
  ['cancelled', 'Cancelled'],
  ['skipped', 'Skipped'],
] as const;
