import { mkdir, writeFile } from 'node:fs/promises';
import { cpus, loadavg } from 'node:os';
import path from 'node:path';
import { appFiles, deploymentWhen, isSettled } from '../support/deployable.ts';
import { makeWorkTree } from '../support/git-client.ts';
import setup from '../support/global-setup.ts';
import teardown from '../support/global-teardown.ts';
import { startSlipway, type Slipway } from '../support/slipway.ts';

/*
 * What people wait for at a deployment, on the local target: a change of the desired state by the API until its sync is planned and begins to
 * apply (outbox, signal, rendering, plan), until the new revision serves, and a rollback by hand until the revision
 * before serves. There is no peer that does the same on one machine.
 */
const ROUNDS = Number(process.env['BENCH_ROUNDS'] ?? 15);
const project = 'admin/app';

async function startApp(slipway: Slipway): Promise<string> {
  await slipway.request('POST', '/api/v1/projects', { name: 'app' });
  const work = await makeWorkTree(`${slipway.baseUrl}/${project}.git`, slipway.adminToken);
  const files = appFiles('bench');
  const deployment = files['apps/app/deployment.yaml'] ?? '';
  files['apps/app/deployment.yaml'] = deployment.replace(
    'ports:',
    'env: [{ name: ROUND, value: {{ .Values.round | quote }} }]\n          ports:',
  );
  files['apps/app/values.yaml'] = 'replicas: 1\nround: "0"\n';
  await work.write(files);
  await work.commit('app');
  await work.git('push', '--quiet', 'origin', 'HEAD:main');
  const { id } = await deploymentWhen(slipway, project, isSettled);
  await work.remove();
  return id;
}

interface Times {
  /** ms from the request until the sync was planned */
  startedMs: number;
  /** ms from the request until the revision was good */
  servesMs: number;
}

/** Sends a change of the desired state and waits until it is served. */
async function change(slipway: Slipway, id: string, send: () => Promise<unknown>): Promise<Times> {
  const began = Date.now();
  await send();
  const { generation } = await slipway.database.db.deployment.findUniqueOrThrow({ where: { id } });
  await deploymentWhen(slipway, project, (found) => found.observedGeneration === generation);
  const sync = await slipway.database.db.deploymentSync.findFirstOrThrow({
    where: { deploymentId: id, generation, status: 'succeeded' },
  });
  return {
    startedMs: sync.startedAt.getTime() - began,
    servesMs: (sync.finishedAt?.getTime() ?? Number.NaN) - began,
  };
}

function quantile(values: readonly number[], q: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return Math.round(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))] ?? 0);
}

const loadBefore = Math.round((loadavg()[0] ?? 0) * 10) / 10;
await setup();
const slipway = await startSlipway();
try {
  const id = await startApp(slipway);
  const address = `/api/v1/deployments/${id}`;
  await slipway.request('PATCH', address, { bakeSeconds: 0 });
  const changes: Times[] = [];
  const rollbacks: Times[] = [];
  for (let n = 1; n <= ROUNDS; n += 1) {
    const values = { valuesOverride: { round: String(n) } };
    changes.push(await change(slipway, id, () => slipway.request('PATCH', address, values)));
    rollbacks.push(
      await change(slipway, id, () => slipway.request('POST', `${address}/rollback`, {})),
    );
  }
  const started = changes.map(({ startedMs }) => startedMs);
  const serves = changes.map(({ servesMs }) => servesMs);
  const back = rollbacks.map(({ servesMs }) => servesMs);
  const result = {
    what: 'local target, ms: a change of the desired state until its sync begins to apply, until it serves; a rollback until it serves',
    rounds: ROUNDS,
    cpus: cpus().length,
    loadBefore,
    applyStarted: { p50: quantile(started, 0.5), p95: quantile(started, 0.95), budgetP95: 500 },
    serves: { p50: quantile(serves, 0.5), p95: quantile(serves, 0.95) },
    rolledBack: { p50: quantile(back, 0.5), p95: quantile(back, 0.95) },
  };
  console.log(result);
  const folder = path.resolve('test/bench/results');
  await mkdir(folder, { recursive: true });
  await writeFile(path.join(folder, 'deploy.json'), `${JSON.stringify(result, null, 2)}\n`);
} finally {
  await slipway.stop();
  await teardown();
}
