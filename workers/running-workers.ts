import type { Worker } from '@temporalio/worker';

/** Workers of one process, and what must be closed after them. */
export interface RunningWorkers {
  workers: Worker[];
  close: () => Promise<void>;
}
