/**
 * Schedules of repository care, one for each rhythm. The workflow that a schedule starts has the same id, followed by
 * the time; two rhythms that fall on one moment must not share it.
 */
export const repositoryCareScheduleIds = {
  /** compares refs with their records, sweeps, packs */
  regular: 'repository-care',
  /** checks every object as well */
  weekly: 'repository-care-weekly',
} as const;
