import { keepFigures, machineNow, spread } from '../support/bench.ts';
import { appFiles, deploymentWhen, isSettled } from '../support/deployable.ts';
import { eventually } from '../support/eventually.ts';
import { makeWorkTree, type WorkTree } from '../support/git-client.ts';
import setup from '../support/global-setup.ts';
import teardown from '../support/global-teardown.ts';
import { startSlipway, type Slipway } from '../support/slipway.ts';

/*
 * How soon a push leads to a rollout, on the local target: from the recorded push to an ops repository, and from the
 * green end of a pipeline, each to the moment its sync is planned and begins to apply; warm, one at a time.
 */
const ROUNDS = Number(process.env['BENCH_ROUNDS'] ?? 10);
const WARM = 2;
const project = 'admin/app';
const limitMs = 120_000;

/** Pushes, waits until the sync that follows has succeeded. @returns ms from the event to the start of that sync */
async function round(
  slipway: Slipway,
  id: string,
  push: () => Promise<unknown>,
  from: 'git.pushed' | 'pipeline.completed',
): Promise<number> {
  const { db } = slipway.database;
  const last = await db.deploymentSync.aggregate({
    where: { deploymentId: id },
    _max: { number: true },
  });
  const number = (last._max.number ?? 0) + 1;
  await push();
  const sync = await eventually(async () => {
    const found = await db.deploymentSync.findFirst({
      where: { deploymentId: id, number, status: 'succeeded' },
    });
    return found ?? undefined;
  }, limitMs);
  const told = await db.event.findFirstOrThrow({
    where: { type: from, createdAt: { lte: sync.startedAt } },
    orderBy: { seq: 'desc' },
  });
  await deploymentWhen(slipway, project, isSettled);
  return sync.startedAt.getTime() - told.createdAt.getTime();
}

async function rounds(once: (n: number) => Promise<number>): Promise<number[]> {
  const all: number[] = [];
  for (let n = 1; n <= WARM + ROUNDS; n += 1) all.push(await once(n));
  return all.slice(WARM);
}

const pushTo = async (work: WorkTree, files: Record<string, string>) => {
  await work.write(files);
  await work.commit('change');
  await work.git('push', '--quiet', 'origin', 'HEAD:main');
};

const machine = machineNow();
await setup();
const slipway = await startSlipway({ env: { LOG_LEVEL: 'warn' } });
try {
  const open = async (name: string) => {
    await slipway.request('POST', '/api/v1/projects', { name });
    return await makeWorkTree(`${slipway.baseUrl}/admin/${name}.git`, slipway.adminToken);
  };
  const app = await open('app');
  await pushTo(app, appFiles('0'));
  const { id } = await deploymentWhen(slipway, project, isSettled);
  const green = await rounds((n) =>
    round(slipway, id, () => pushTo(app, appFiles(`v${String(n)}`)), 'pipeline.completed'),
  );
  const ops = await open('ops');
  const { 'server.mjs': _app, '.platform.yaml': _pipeline, ...manifests } = appFiles('ops');
  await pushTo(ops, manifests);
  const body = { name: 'ops', repoUrl: '/admin/ops.git', syncIntervalS: 3600 };
  const made = await slipway.request('POST', '/api/v1/ops-repos', body);
  const { id: opsRepoId } = made.body as { id: string };
  await slipway.request('PATCH', `/api/v1/deployments/${id}`, { opsRepoId, bakeSeconds: 0 });
  await deploymentWhen(slipway, project, isSettled);
  const deployment = manifests['apps/app/deployment.yaml'] ?? '';
  const pushed = await rounds((n) => {
    const env = `env: [{ name: ROUND, value: "${String(n)}" }]\n          ports:`;
    const files = { 'apps/app/deployment.yaml': deployment.replace('ports:', env) };
    return round(slipway, id, () => pushTo(ops, files), 'git.pushed');
  });
  await app.remove();
  await ops.remove();
  await keepFigures('sync-start', {
    what: 'local target, ms from a push to an ops repository, and from the green end of a pipeline, to the start of the sync',
    rounds: ROUNDS,
    ...machine,
    opsRepositoryPushed: spread(pushed),
    pipelineGreen: { ...spread(green), budgetP95: 500 },
  });
} finally {
  await slipway.stop();
  await teardown();
}
