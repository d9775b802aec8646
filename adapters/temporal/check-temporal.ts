import type { Connection } from '@temporalio/client';
import { taskQueues } from '../../contracts/task-queues.ts';
import { type TemporalAddress, temporalTls } from './temporal-tls.ts';

export interface TemporalChecks {
  /** resolves when the server answers */
  server: () => Promise<string>;
  /** resolves when a worker asked for work of the core queue within the last two minutes */
  workers: () => Promise<string>;
  close: () => Promise<void>;
}

const freshMs = 120_000;

/**
 * Questions about Temporal for /health. Its client is large and the API needs it for nothing else: it is loaded, and
 * the one connection made, when somebody first asks.
 */
export function createTemporalChecks(at: TemporalAddress): TemporalChecks {
  const { namespace } = at;
  // settings that cannot be used are told at the start
  const tls = temporalTls(at);
  let opened: Promise<Connection> | undefined;
  const open = () => (opened ??= connect(at.address, tls));
  return {
    async server() {
      const connection = await open();
      await connection.withDeadline(Date.now() + 2000, () =>
        connection.workflowService.getSystemInfo({}),
      );
      return 'ok';
    },
    async workers() {
      const connection = await open();
      const { enums } = (await import('@temporalio/proto')).default.temporal.api;
      const { pollers } = await connection.withDeadline(Date.now() + 2000, () =>
        connection.workflowService.describeTaskQueue({
          namespace,
          taskQueue: { name: taskQueues.core },
          taskQueueType: enums.v1.TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW,
        }),
      );
      const alive = (pollers ?? []).filter((poller) => {
        const seconds = Number(poller.lastAccessTime?.seconds ?? 0);
        return seconds * 1000 > Date.now() - freshMs;
      });
      if (alive.length === 0) throw new Error('no worker');
      return `ok: ${alive.length}`;
    },
    close: async () => await (await opened)?.close(),
  };
}

async function connect(address: string, tls: ReturnType<typeof temporalTls>): Promise<Connection> {
  const { Connection } = await import('@temporalio/client');
  return Connection.lazy({ address, connectTimeout: '2s', ...tls });
}
