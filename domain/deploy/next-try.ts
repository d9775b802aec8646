const firstS = 10;
const longestS = 300;

/**
 * Seconds until a foreign ops repository is asked again: its interval, or after failures ten seconds that double with each
 * further one, up to five minutes. One that is asked more often than that begins with its interval.
 */
export function nextTryS(syncIntervalS: number, failures: number): number {
  if (failures === 0) return syncIntervalS;
  return Math.min(longestS, Math.min(firstS, syncIntervalS) * 2 ** Math.min(failures - 1, 10));
}
