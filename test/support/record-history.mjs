/**
 * Keeps histories for test/replay.
 *
 *   node test/support/record-history.mjs scenarios [name …]
 *     runs the scenarios of history-scenarios.mjs on a Temporal server of its own and keeps each history
 *   node test/support/record-history.mjs fetch <workflow id> <name> [--home folder] [--address host:port] [--namespace name]
 *     keeps the history of a workflow that ran on a real server, opened with the master key in its data folder
 *
 * A kept history is never edited and never deleted while such runs may live: a change that it refuses needs `patched()`.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Client, Connection } from '@temporalio/client';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import { DefaultLogger, Runtime, Worker } from '@temporalio/worker';
import { presentTemporal } from '../../deploy/lib/temporal-binary.mjs';
import { decodeHistory } from './decode-history.mjs';
import { recordedQueues, scenarios } from './history-scenarios.mjs';
import { bundleWorkflows } from './workflow-bundle.mjs';

const root = join(import.meta.dirname, '../..');
const histories = join(root, 'test/histories');

async function keep(handle, name, home = null) {
  const { type } = await handle.describe();
  const fetched = await handle.fetchHistory();
  if (home !== null) await decodeHistory(fetched, home);
  const history = JSON.parse(historyToJSON(fetched));
  const text = JSON.stringify({ workflowId: handle.workflowId, history }, null, 1);
  await mkdir(join(histories, type), { recursive: true });
  await writeFile(join(histories, type, `${name}.json`), `${withoutMachine(text)}\n`);
  console.log(`kept ${type}/${name}.json (${history.events.length} events)`);
}

/** Who ran it ("1234@host") and where the code lay say nothing about determinism, and name the machine that recorded it. */
function withoutMachine(text) {
  return text
    .replace(/"identity": "[^"]*"/g, '"identity": "recorder"')
    .replaceAll(root, '/slipway');
}

async function recordScenario(env, workflowBundle, name) {
  const { type, workflowId, input, activities, drive } = scenarios[name];
  const workers = await Promise.all(
    recordedQueues.map((taskQueue) =>
      Worker.create({
        connection: env.nativeConnection,
        taskQueue,
        activities,
        ...(taskQueue === 'core' && { workflowBundle }),
      }),
    ),
  );
  const running = workers.map((worker) => worker.run());
  try {
    const options = { taskQueue: 'core', workflowId, args: input ? [input] : [] };
    const handle = await env.client.workflow.start(type, options);
    await drive?.(handle);
    // One that ends by its cancellation is as good as any.
    await handle.result().catch((error) => {
      if (error.cause?.name !== 'CancelledFailure') throw error;
    });
    await keep(handle, name);
  } finally {
    for (const worker of workers) worker.shutdown();
    await Promise.all(running);
  }
}

async function recordScenarios(names) {
  const path = await presentTemporal('.slipway');
  if (!path) throw new Error('there is no temporal program; npm start gets one');
  Runtime.install({ logger: new DefaultLogger('ERROR') });
  const keywords = ['ChangeId', 'ProjectId', 'Kind', 'State'];
  const env = await TestWorkflowEnvironment.createLocal({
    server: {
      executable: { type: 'existing-path', path },
      searchAttributes: keywords.map((name) => ({ name, type: 'KEYWORD' })),
    },
  });
  try {
    const bundle = await bundleWorkflows();
    for (const name of names.length > 0 ? names : Object.keys(scenarios)) {
      await recordScenario(env, bundle, name);
    }
  } finally {
    await env.teardown();
  }
}

async function fetchOne([workflowId, name], { address, namespace, home }) {
  if (!workflowId || !name) throw new Error('say which workflow id, and a name for the case');
  const connection = await Connection.connect({ address });
  try {
    const client = new Client({ connection, namespace });
    await keep(client.workflow.getHandle(workflowId), name, home);
  } finally {
    await connection.close();
  }
}

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    address: { type: 'string', default: process.env.TEMPORAL_ADDRESS ?? 'localhost:7233' },
    namespace: { type: 'string', default: 'default' },
    home: { type: 'string', default: process.env.SLIPWAY_HOME ?? '.slipway' },
  },
});
const [command, ...rest] = positionals;
if (command === 'scenarios') await recordScenarios(rest);
else if (command === 'fetch') await fetchOne(rest, values);
else {
  console.error(
    'say "scenarios [name …]" or "fetch <workflow id> <name>"; see the head of this file',
  );
  process.exitCode = 2;
}
