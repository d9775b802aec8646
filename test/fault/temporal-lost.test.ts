import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Client, Connection } from '@temporalio/client';
import { eventually } from '../support/eventually.ts';
import { startGatedProxy, type GatedProxy } from '../support/gated-proxy.ts';
import { makeWorkTree, type WorkTree } from '../support/git-client.ts';
import { startSlipway, type Slipway } from '../support/slipway.ts';
import { testNamespace } from '../support/temporal.ts';

const CREATES = 150;

/** The namespace may have served another file of tests before. */
const begun = new Date().toISOString();
let proxy: GatedProxy;
let slipway: Slipway;
let work: WorkTree;
let connection: Connection;
let client: Client;

beforeAll(async () => {
  const temporal = await testNamespace();
  proxy = await startGatedProxy(temporal.address);
  slipway = await startSlipway({
    env: { LOG_LEVEL: 'warn' },
    temporal: { address: proxy.address, namespace: temporal.namespace },
  });
  connection = await Connection.connect({ address: temporal.address });
  client = new Client({ connection, namespace: temporal.namespace });
  await slipway.request('POST', '/api/v1/projects', { name: 'app' });
  work = await makeWorkTree(`${slipway.baseUrl}/admin/app.git`, slipway.adminToken);
  // Without a definition a run ends as soon as it is prepared: what is tested is its start.
  await work.write({ 'README.md': 'nothing to run' });
  await work.commit('no pipeline');
  await work.git('push', '--quiet', 'origin', 'HEAD:main');
}, 240_000);

afterAll(async () => {
  proxy.set('open');
  await work.remove();
  await slipway.stop();
  await connection.close();
  await proxy.close();
}, 240_000);

async function create(count: number): Promise<string[]> {
  const ids: string[] = [];
  for (let i = 0; i < count; i += 10) {
    const batch = Array.from({ length: 10 }, () =>
      slipway.request('POST', '/api/v1/projects/admin/app/pipelines', { ref: 'main' }),
    );
    for (const answer of await Promise.all(batch)) {
      expect(answer.status).toBe(201);
      ids.push((answer.body as { id: string }).id);
    }
  }
  return ids;
}

/** Waits until every run has ended, then compares rows and workflows, both ways. */
async function expectEachStartedOnce(ids: readonly string[]): Promise<void> {
  await eventually(async () => {
    const open = await slipway.database.db.pipeline.count({
      where: { status: { in: ['pending', 'running'] } },
    });
    return open === 0 ? true : undefined;
  }, 180_000);
  const executions = new Map<string, number>();
  await eventually(async () => {
    executions.clear();
    for await (const { workflowId } of client.workflow.list({
      query: `WorkflowType = 'pipelineRunWorkflow' AND StartTime >= '${begun}'`,
    })) {
      executions.set(workflowId, (executions.get(workflowId) ?? 0) + 1);
    }
    return ids.every((id) => executions.has(`pipeline-run:${id}`)) ? true : undefined;
  }, 60_000);
  expect(ids.filter((id) => executions.get(`pipeline-run:${id}`) !== 1)).toEqual([]);
  const rows = new Set(
    (await slipway.database.db.pipeline.findMany({ select: { id: true } })).map(
      (row) => `pipeline-run:${row.id}`,
    ),
  );
  expect([...executions.keys()].filter((workflowId) => !rows.has(workflowId))).toEqual([]);
}

describe('pipelines while Temporal is out of reach', () => {
  it('are accepted meanwhile and each starts exactly once afterwards (A5) [A-PIPE-02] [A-EVT-08]', async () => {
    proxy.set('blackhole');
    const ids = await create(CREATES);
    await new Promise((resolve) => setTimeout(resolve, 5000));
    expect(
      await slipway.database.db.pipeline.count({ where: { id: { in: ids }, status: 'pending' } }),
    ).toBe(CREATES);
    proxy.set('open');
    expect(proxy.faults()).toBeGreaterThan(0);
    await expectEachStartedOnce(ids);
  }, 300_000);

  it('start once when the answer to the start is lost again and again (A6) [A-PIPE-02]', async () => {
    const before = proxy.faults();
    let flapping = true;
    const flap = (async () => {
      while (flapping) {
        proxy.set('deaf');
        await new Promise((resolve) => setTimeout(resolve, 40));
        proxy.set('open');
        await new Promise((resolve) => setTimeout(resolve, 250));
      }
    })();
    const ids = await create(CREATES);
    await eventually(() => Promise.resolve(proxy.faults() - before > 3 ? true : undefined));
    flapping = false;
    await flap;
    expect(new Set(ids).size).toBe(CREATES);
    await expectEachStartedOnce(ids);
  }, 300_000);
});
