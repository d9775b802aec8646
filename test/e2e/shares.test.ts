import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually } from '../support/eventually.ts';
import { makeWorkTree } from '../support/git-client.ts';
import { startSlipway, type Slipway } from '../support/slipway.ts';

let slipway: Slipway;

beforeAll(async () => {
  slipway = await startSlipway({ env: { SLIPWAY_EXECUTOR_CONCURRENCY: '2' } });
}, 240_000);
afterAll(() => slipway.stop(), 240_000);

async function makeProject(name: string, command: string): Promise<void> {
  await slipway.request('POST', '/api/v1/projects', { name });
  const work = await makeWorkTree(`${slipway.baseUrl}/admin/${name}.git`, slipway.adminToken);
  const definition = `on: [api]\nsteps:\n  - { name: only, network: none, commands: ["${command}"] }\n`;
  await work.write({ '.platform.yaml': definition });
  await work.commit('one step');
  await work.git('push', '--quiet', 'origin', 'HEAD:main');
  await work.remove();
}

async function startRuns(project: string, count: number): Promise<string[]> {
  const path = `/api/v1/projects/admin/${project}/pipelines`;
  const started = Array.from({ length: count }, () =>
    slipway.request('POST', path, { ref: 'main' }),
  );
  return (await Promise.all(started)).map(({ body }) => (body as { id: string }).id);
}

const count = (name: string, status: string): Promise<number> =>
  slipway.database.db.pipelineStep.count({ where: { project: { name }, status } });

describe('steps of many projects on one host', () => {
  it('find a place however many steps of another project are at work and wait there [A-PIPE-04]', async () => {
    await makeProject('flood', 'sleep 600');
    await makeProject('small', 'true');
    const floods = await startRuns('flood', 8);
    await eventually(
      async () =>
        (await count('flood', 'running')) >= 2 && (await count('flood', 'pending')) > 0
          ? true
          : undefined,
      60_000,
    );
    const [small = ''] = await startRuns('small', 1);
    await eventually(async () => {
      const { body } = await slipway.request('GET', `/api/v1/pipelines/${small}`);
      return (body as { status: string }).status === 'success' ? true : undefined;
    }, 60_000);
    // By now each of them has asked for its place: the project's own, and no more.
    await eventually(
      async () => ((await count('flood', 'pending')) === 6 ? true : undefined),
      60_000,
    );
    expect(await count('flood', 'running')).toBe(2);
    // Those that wait end as well when they are cancelled, and none of them begins.
    const { db } = slipway.database;
    const pending = await db.pipelineStep.findMany({
      where: { project: { name: 'flood' }, status: 'pending' },
      select: { pipelineId: true },
    });
    const waiting = pending.map(({ pipelineId }) => pipelineId);
    const others = floods.filter((id) => !waiting.includes(id));
    for (const [ids, ended] of [
      [waiting, 6],
      [others, 8],
    ] as const) {
      for (const id of ids) await slipway.request('POST', `/api/v1/pipelines/${id}/cancel`, {});
      await eventually(
        async () => ((await count('flood', 'cancelled')) === ended ? true : undefined),
        60_000,
      );
    }
    const begun = { project: { name: 'flood' }, attempt: { gt: 0 } };
    expect(await db.pipelineStep.count({ where: begun })).toBe(2);
  }, 240_000);
});
