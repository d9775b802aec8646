/** States that a page shows with an icon, a word and a colour. */
export type StateName =
  | 'queued'
  | 'running'
  | 'success'
  | 'failure'
  | 'cancelled'
  | 'waiting'
  | 'blocked'
  | 'skipped'
  | 'paused'
  | 'degraded';
