import type { ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { Connection } from '@temporalio/client';
import { searchAttributeTypes } from '../../contracts/search-attributes.ts';
import { freePort } from './free-port.ts';
import { planTemporal } from './launch-plan.ts';
import { startProgram, stopProcess, waitForServer } from './processes.ts';
import { notePid } from './run-folder.ts';

/** As in production: the server as it comes takes 100 ms for each activity. */
const limits = [
  'history.transferProcessorMaxPollRPS=2000',
  'history.timerProcessorMaxPollRPS=2000',
  'history.visibilityProcessorMaxPollRPS=500',
  'system.enableActivityEagerExecution=true',
  'matching.numTaskqueueWritePartitions=1',
];

export interface TemporalServer {
  address: string;
  start(): Promise<void>;
  stop(): Promise<void>;
  kill(): Promise<void>;
}

/**
 * A Temporal server with `namespaces`, running. With `durable` its state lies in a file and outlives a kill;
 * without, it is forgotten.
 */
export async function startTemporal(
  folder: string,
  { namespaces = ['default'], durable = false, name = 'temporal' } = {},
): Promise<TemporalServer> {
  const command = await planTemporal(folder);
  const port = await freePort();
  const address = `127.0.0.1:${port}`;
  const logFile = join(folder, `${name}.log`);
  const attributes = Object.entries(searchAttributeTypes).map(([key, type]) => `${key}=${type}`);
  const args = [
    ...['server', 'start-dev', '--headless', '--ip', '127.0.0.1', '--port', String(port)],
    ...['--log-level', 'error', ...(durable ? stateFile(join(folder, `${name}.db`)) : [])],
    ...namespaces.flatMap((namespace) => ['--namespace', namespace]),
    ...limits.flatMap((limit) => ['--dynamic-config-value', limit]),
    ...attributes.flatMap((attribute) => ['--search-attribute', attribute]),
    // Only so that the command line names our folder: by that a leftover is known.
    ...['--ui-asset-path', folder],
  ];
  let child: ChildProcess | null = null;
  const server: TemporalServer = {
    address,
    start: async () => {
      child = startProgram({ command, args, logFile });
      if (child.pid !== undefined) notePid(folder, child.pid);
      await waitForServer('Temporal', child, logFile, () => serves(address, namespaces.at(-1)));
    },
    stop: async () => (child ? stopProcess(child) : undefined),
    kill: async () => (child ? stopProcess(child, 'SIGKILL') : undefined),
  };
  await server.start();
  return server;
}

function stateFile(file: string): string[] {
  return [
    '--db-filename',
    file,
    '--sqlite-pragma',
    'synchronous=1',
    '--sqlite-pragma',
    'journal_mode=wal',
  ];
}

/** True when it answers for the namespace that it made last. */
async function serves(address: string, namespace = 'default'): Promise<boolean> {
  let connection: Connection | null = null;
  try {
    connection = await Connection.connect({ address, connectTimeout: 5_000 });
    await connection.workflowService.describeNamespace({ namespace });
    return true;
  } catch {
    return false;
  } finally {
    await connection?.close();
  }
}
