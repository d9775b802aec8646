import { Connection } from '@temporalio/client';
import proto from '@temporalio/proto';
import { taskQueues } from '../../contracts/task-queues.ts';
import { type TemporalAddress, temporalTls } from './temporal-tls.ts';

export interface TemporalChecks {
  /** resolves when the server answers */
  server: () => Promise<string>;
  /** resolves when a worker asked for work of the core queue within the last two minutes */
  workers: () => Promise<string>;
  close: () => Promise<void>;
}

const { TaskQueueType } = proto.temporal.api.enums.v1;
const freshMs = 120_000;

/** Questions about Temporal for /health, over one connection that is made when first needed. */
export function createTemporalChecks(at: TemporalAddress): TemporalChecks {
  const { address, namespace } = at;
  const connection = Connection.lazy({ address, connectTimeout: '2s', ...temporalTls(at) });
  return {
    async server() {
      await connection.withDeadline(Date.now() + 2000, () =>
        connection.workflowService.getSystemInfo({}),
      );
      return 'ok';
    },
    async workers() {
      const { pollers } = await connection.withDeadline(Date.now() + 2000, () =>
        connection.workflowService.describeTaskQueue({
          namespace,
          taskQueue: { name: taskQueues.core },
          taskQueueType: TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW,
        }),
      );
      const alive = (pollers ?? []).filter((poller) => {
        const seconds = Number(poller.lastAccessTime?.seconds ?? 0);
        return seconds * 1000 > Date.now() - freshMs;
      });
      if (alive.length === 0) throw new Error('no worker');
      return `ok: ${alive.length}`;
    },
    close: () => connection.close(),
  };
}
