import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { makeWorkTree } from '../support/git-client.ts';
import { eventually } from '../support/eventually.ts';
import setup from '../support/global-setup.ts';
import teardown from '../support/global-teardown.ts';
import { measurePushes, quantile } from '../support/push-bench.ts';
import { startSlipway, type Slipway } from '../support/slipway.ts';

/*
 * push → first line: from the moment the push was recorded (created_at of git.pushed) to the moment a follower, who
 * hears of the run on /api/v1/events, has the first line of step 1 in hand. Warm, one push at a time.
 * throughput: pipelines of 3 trivial steps each, started together, finished per second.
 */
const PUSHES = Number(process.env['BENCH_PUSHES'] ?? 30);
const RUNS = Number(process.env['BENCH_RUNS'] ?? 60);
const WARM = 5;

async function measureThroughput(
  slipway: Slipway,
): Promise<{ perSecond: number; seconds: number }> {
  await slipway.request('POST', '/api/v1/projects', { name: 'load' });
  const work = await makeWorkTree(`${slipway.baseUrl}/admin/load.git`, slipway.adminToken);
  const step = (name: string) => `  - { name: ${name}, network: none, commands: ["true"] }\n`;
  await work.write({ '.platform.yaml': `on: [api]\nsteps:\n${step('a')}${step('b')}${step('c')}` });
  await work.commit('three steps');
  await work.git('push', '--quiet', 'origin', 'HEAD:main');
  const began = performance.now();
  const starting = Array.from({ length: RUNS }, () =>
    slipway.request('POST', '/api/v1/projects/admin/load/pipelines', { ref: 'main' }),
  );
  for (const answer of await Promise.all(starting))
    if (answer.status !== 201) throw new Error(JSON.stringify(answer.body));
  await eventually(async () => {
    const done = await slipway.database.db.pipeline.count({
      where: { project: { name: 'load' }, status: 'success' },
    });
    return done === RUNS ? true : undefined;
  }, 300_000);
  const seconds = (performance.now() - began) / 1000;
  await work.remove();
  return {
    perSecond: Math.round((RUNS / seconds) * 100) / 100,
    seconds: Math.round(seconds * 10) / 10,
  };
}

await setup();
try {
  const slipway = await startSlipway({ env: { LOG_LEVEL: 'warn' } });
  try {
    const { toFirstLine, pushes } = await measurePushes(slipway, {
      ...{ project: 'push', pushes: PUSHES, warm: WARM },
    });
    const throughput = await measureThroughput(slipway);
    const result = {
      at: new Date().toISOString(),
      node: process.version,
      pushToFirstLineMs: {
        p50: quantile(toFirstLine, 0.5),
        p95: quantile(toFirstLine, 0.95),
        n: toFirstLine.length,
        budget: { p50: 300, p95: 600 },
      },
      gitPushCommandMs: { p50: quantile(pushes, 0.5), p95: quantile(pushes, 0.95) },
      pipelinesOfThreeSteps: { ...throughput, runs: RUNS, budget: { perSecond: 10 } },
    };
    process.stdout.write(`${JSON.stringify(result, null, 2)}\n`);
    await writeFile(
      path.join(process.cwd(), 'test/bench/results/pipeline.json'),
      `${JSON.stringify(result, null, 2)}\n`,
    );
  } finally {
    await slipway.stop();
  }
} finally {
  await teardown();
}
process.exit(0);
