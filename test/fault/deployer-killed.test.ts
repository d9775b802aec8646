import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { appFiles, deploymentWhen, isSettled } from '../support/deployable.ts';
import { eventually, holds } from '../support/eventually.ts';
import { saveFaultResult } from '../support/fault-result.ts';
import { makeWorkTree, type WorkTree } from '../support/git-client.ts';
import { faultScale, Ledger, pause } from '../support/ledger.ts';
import { startSlipway, type Slipway } from '../support/slipway.ts';

/** F1 of the fault plan: 100 points with SLIPWAY_FAULT_SCALE=20. */
const kills = 5 * faultScale();
const project = 'admin/app';

let slipway: Slipway;
let work: WorkTree;

beforeAll(async () => {
  slipway = await startSlipway();
  const made = await slipway.request('POST', '/api/v1/projects', { name: 'app' });
  expect(made.status).toBe(201);
  work = await makeWorkTree(`${slipway.baseUrl}/${project}.git`, slipway.adminToken);
  const files = appFiles('killed');
  files['apps/app/deployment.yaml'] = (files['apps/app/deployment.yaml'] ?? '').replace(
    'ports:',
    'env: [{ name: ROUND, value: {{ .Values.round | quote }} }]\n          ports:',
  );
  files['apps/app/values.yaml'] = 'replicas: 1\nround: "0"\n';
  await work.write(files);
  await work.commit('app');
  await work.git('push', '--quiet', 'origin', 'HEAD:main');
}, 240_000);

afterAll(async () => {
  await work.remove();
  await slipway.stop();
}, 240_000);

describe('a deployer that is killed again and again', () => {
  it(
    'brings every rollout to its end, each once, and serves what was desired last [A-DEP-14]',
    async () => {
      const ledger = new Ledger('deployer killed');
      ledger.ask('generation 1');
      const first = await deploymentWhen(slipway, project, isSettled);
      const startedMs = performance.now();
      let converged = 1;
      for (let round = 1; ledger.faultCount < kills; round += 1) {
        const generation = round + 1;
        ledger.ask(`generation ${String(generation)}`);
        const changed = await slipway.request('PATCH', `/api/v1/deployments/${first.id}`, {
          valuesOverride: { round: String(round) },
        });
        expect(changed.status).toBe(200);
        ledger.acknowledge(`generation ${String(generation)}`);
        const before = ledger.faultCount;
        const times = Math.min(ledger.between(1, 4), kills - before);
        while (ledger.faultCount < before + times) {
          await pause(ledger.between(0, 4000));
          await slipway.kill('workers');
          ledger.fault('kill -9');
          await slipway.start('workers');
        }
        await deploymentWhen(
          slipway,
          project,
          (found) =>
            isSettled(found) &&
            found.observedGeneration === generation &&
            found.lastSync?.status === 'succeeded',
          240_000,
        );
        converged += 1;
      }
      const history = await slipway.database.db.deploymentHistory.findMany({
        where: { status: 'success' },
      });
      const syncs = await slipway.database.db.deploymentSync.findMany();
      const generationOf = new Map(syncs.map(({ id, generation }) => [id, generation]));
      const ended = history.map(
        ({ syncId }) => `generation ${String(generationOf.get(syncId ?? ''))}`,
      );
      const verdict = ledger.check(ended);
      saveFaultResult('deployer-killed', 'local', {
        seed: ledger.seed,
        faults: Object.fromEntries(ledger.faults),
        runs: ledger.requests,
        converged,
        doubles: verdict.doubled.length,
        seconds: Math.round((performance.now() - startedMs) / 1000),
      });
      expect(verdict).toEqual({ lost: [], doubled: [], unasked: [] });
      await holds(async () => {
        const others = { where: { status: { not: 'succeeded' } } };
        expect(await slipway.database.db.deploymentSync.findMany(others)).toEqual([]);
      });
      expect(ledger.faultCount).toBe(kills);
      const shown = await deploymentWhen(
        slipway,
        project,
        (found) =>
          isSettled(found) && found.currentStatus === 'healthy' && found.drift.length === 0,
      );
      // the last kill may have come after the end of its rollout: then the application is on its way up again
      const answer = await eventually(
        async () => await (await fetch(shown.addresses[0]?.url ?? '')).text(),
      );
      expect(answer).toBe('killed');
    },
    180_000 + kills * 240_000,
  );
});
