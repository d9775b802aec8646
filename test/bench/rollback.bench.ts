import { deploymentWhen, isSettled } from '../support/deployable.ts';
import { breakableFiles } from '../support/breakable-app.ts';
import { keepFigures, machineNow, spread } from '../support/bench.ts';
import { eventually } from '../support/eventually.ts';
import { makeWorkTree } from '../support/git-client.ts';
import setup from '../support/global-setup.ts';
import teardown from '../support/global-teardown.ts';
import { startSlipway, type Slipway } from '../support/slipway.ts';

/*
 * How long users see a version that loses its health while it bakes: from the moment it breaks (it crashes, or it stays up
 * and fails its probe) to the first answer of the version before, and until the undo is written down as done. On the
 * local target, through the address that users have. There is no peer that does the same on one machine.
 */
const ROUNDS = Number(process.env['BENCH_ROUNDS'] ?? 6);
const project = 'admin/app';
const limitMs = 90_000;

interface Back {
  /** ms from the breach to the first answer of the version before */
  servingMs: number;
  /** ms from the breach until the sync was ended as undone */
  undoneMs: number;
}

async function startApp(slipway: Slipway): Promise<{ id: string; url: string }> {
  await slipway.request('POST', '/api/v1/projects', { name: 'app' });
  const work = await makeWorkTree(`${slipway.baseUrl}/${project}.git`, slipway.adminToken);
  await work.write(breakableFiles());
  await work.commit('app');
  await work.git('push', '--quiet', 'origin', 'HEAD:main');
  const { id, addresses } = await deploymentWhen(slipway, project, isSettled);
  await work.remove();
  return { id, url: addresses[0]?.url ?? '' };
}

const answerOf = (url: string): Promise<string> =>
  fetch(url, { signal: AbortSignal.timeout(2_000) }).then(
    (answer) => (answer.ok ? answer.text() : ''),
    () => '',
  );

/** Brings up a version of its own, breaks it in its bake, and waits until the one before serves again. */
async function breach(
  slipway: Slipway,
  app: { id: string; url: string },
  how: 'crash' | 'unready',
  version: string,
): Promise<Back> {
  const { db } = slipway.database;
  const before = await answerOf(app.url);
  await slipway.request('PATCH', `/api/v1/deployments/${app.id}`, {
    valuesOverride: { version },
  });
  const sync = await eventually(async () => {
    const found = await db.deploymentSync.findFirst({
      where: { deploymentId: app.id, status: 'baking' },
    });
    return found !== null && (await answerOf(app.url)) === version ? found : undefined;
  }, limitMs);
  const began = Date.now();
  await eventually(async () => {
    const answer = await answerOf(app.url);
    // one that comes up again after a crash crashes again
    if (answer === version) await answerOf(`${app.url}/break?how=${how}`);
    return answer === before ? true : undefined;
  }, limitMs);
  const servingMs = Date.now() - began;
  const undone = await eventually(async () => {
    const found = await db.deploymentSync.findUniqueOrThrow({ where: { id: sync.id } });
    return found.status === 'undone' ? found : undefined;
  }, limitMs);
  await deploymentWhen(slipway, project, isSettled);
  return { servingMs, undoneMs: (undone.finishedAt?.getTime() ?? Number.NaN) - began };
}

const machine = machineNow();
await setup();
const slipway = await startSlipway();
try {
  const app = await startApp(slipway);
  await slipway.request('PATCH', `/api/v1/deployments/${app.id}`, { bakeSeconds: 120 });
  const figures: Record<string, object> = {};
  for (const how of ['crash', 'unready'] as const) {
    const rounds: Back[] = [];
    for (let round = 1; round <= ROUNDS; round += 1)
      rounds.push(await breach(slipway, app, how, `${how}-${String(round)}`));
    figures[how] = {
      servingMs: spread(rounds.map((one) => one.servingMs)),
      undoneMs: spread(rounds.map((one) => one.undoneMs)),
    };
  }
  await keepFigures('rollback', {
    what: 'local target, ms from health lost in the bake to the first answer of the last good version, and to the end of the undo',
    rounds: ROUNDS,
    ...machine,
    ...figures,
  });
} finally {
  await slipway.stop();
  await teardown();
}
