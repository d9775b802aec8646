import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually } from '../support/eventually.ts';
import { saveFaultResult } from '../support/fault-result.ts';
import {
  appHooks,
  appObjects,
  clusterAppFiles,
  liveObject,
  settled,
} from '../support/kubernetes/cluster-app.ts';
import {
  type ClusterDeployer,
  startClusterDeployer,
} from '../support/kubernetes/cluster-deployer.ts';
import { type IllApi, illnesses, startIllApi } from '../support/kubernetes/ill-api.ts';
import {
  auditSightings,
  type ObjectWatch,
  watchObjects,
} from '../support/kubernetes/object-watch.ts';
import { faultScale, Ledger } from '../support/ledger.ts';

/** F2 of the fault plan. */
const rounds = 2 * faultScale();
const faultsEach = 15;

let deployer: ClusterDeployer;
let api: IllApi;
let watch: ObjectWatch;

beforeAll(async () => {
  deployer = await startClusterDeployer(async (cluster) => {
    api = await startIllApi(cluster);
    return api.kubeconfig;
  });
  const { cluster, send, namespace } = deployer;
  watch = await watchObjects(cluster.kubeconfig, send, namespace);
  await deployer.push(clusterAppFiles({ round: '0' }), 'app');
}, 240_000);

afterAll(async () => {
  watch.stop();
  await deployer.stop();
  await api.close();
}, 120_000);

const faultCount = () => [...api.faults.values()].reduce((sum, count) => sum + count, 0);

describe('a rollout while the API server is ill', () => {
  it(
    'waits it out without haste, takes nothing back for it, and applies each object once when it is well again [A-DEP-03] [A-DEP-14]',
    async () => {
      const { slipway, project, namespace, send } = deployer;
      const ledger = new Ledger('API server ill');
      const first = await settled(
        slipway,
        project,
        ({ currentStatus }) => currentStatus === 'healthy',
      );
      const startedMs = performance.now();
      const requestsBefore = api.requests();
      const afterHealMs: number[] = [];
      let slowest = 0;
      for (let round = 1; round <= rounds; round += 1) {
        const before = faultCount();
        api.choose = () =>
          ledger.random() < 0.6
            ? (illnesses[ledger.between(0, illnesses.length - 1)] ?? null)
            : null;
        const changed = await slipway.request('PATCH', `/api/v1/deployments/${first.id}`, {
          valuesOverride: { round: String(round) },
        });
        expect(changed.status).toBe(200);
        await eventually(
          () => Promise.resolve(faultCount() >= before + faultsEach ? true : undefined),
          180_000,
        );
        api.choose = () => null;
        const healedMs = performance.now();
        const found = await settled(
          slipway,
          project,
          ({ observedGeneration }) => observedGeneration === round + 1,
        );
        afterHealMs.push(performance.now() - healedMs);
        slowest = Math.max(...afterHealMs);
        expect(found).toMatchObject({
          currentStatus: 'healthy',
          lastSync: { status: 'succeeded' },
        });
        for (const key of [...appObjects, ...appHooks]) {
          const { metadata } = await liveObject(send, namespace, key);
          expect([key, metadata.annotations?.['round']]).toEqual([key, String(round)]);
        }
      }
      const seconds = (performance.now() - startedMs) / 1000;
      const requests = api.requests() - requestsBefore;
      const audit = auditSightings(watch.seen, appHooks);
      const syncs = await slipway.database.db.deploymentSync.findMany();
      saveFaultResult('kube-api-ill', 'cluster', {
        seed: ledger.seed,
        faults: Object.fromEntries(api.faults),
        runs: rounds,
        converged: afterHealMs.length,
        doubles: audit.doubles.length + audit.backwards.length,
        seconds: Math.round(seconds),
        slowestAfterHealSeconds: Math.round(slowest / 1000),
        requestsPerSecond: Math.round((requests / seconds) * 10) / 10,
      });
      expect(audit).toEqual({ doubles: [], backwards: [] });
      expect(syncs.map(({ status }) => status)).toEqual(Array(rounds + 1).fill('succeeded'));
      expect(faultCount()).toBeGreaterThanOrEqual(rounds * faultsEach);
      // ten a second and no more, however ill it is
      expect(requests).toBeLessThanOrEqual(10 * (seconds + 2));
    },
    300_000 + rounds * 500_000,
  );
});
