import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { part } from '../../adapters/kubernetes/part.ts';
import { fieldManager, ownerLabel } from '../../contracts/deploy/target.ts';
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
import {
  auditSightings,
  type ObjectWatch,
  watchObjects,
} from '../support/kubernetes/object-watch.ts';
import { faultScale, Ledger, pause } from '../support/ledger.ts';

/** F1 of the fault plan: 100 points with SLIPWAY_FAULT_SCALE=20. */
const kills = 5 * faultScale();
const everything = [...appObjects, ...appHooks];

let deployer: ClusterDeployer;
let watch: ObjectWatch;
/** kills between the application of an object and its record */
let caught = 0;

beforeAll(async () => {
  deployer = await startClusterDeployer();
  const { cluster, send, namespace } = deployer;
  watch = await watchObjects(cluster.kubeconfig, send, namespace);
  await deployer.push(clusterAppFiles({ round: '0' }), 'app');
}, 240_000);

afterAll(async () => {
  watch.stop();
  await deployer.stop();
}, 120_000);

/** When this many objects of a round were applied, to the millisecond. */
async function whenSeen(round: string, count: number): Promise<void> {
  const keys = new Set<string>();
  await new Promise<void>((resolve) => {
    const look = (sighting: { key: string; round: string }) => {
      if (sighting.round === round) keys.add(sighting.key);
      if (keys.size >= count) resolve();
    };
    watch.onSeen = look;
    for (const sighting of watch.seen) look(sighting);
  });
  watch.onSeen = null;
}

/** Objects that the cluster has from this round, and the deployer has not noted as applied. */
async function unrecorded(round: string): Promise<number> {
  const pending = await deployer.slipway.database.db.deploymentSyncObject.findMany({
    where: { status: 'pending', sync: { status: 'running' } },
  });
  const there = new Set(watch.seen.filter((one) => one.round === round).map(({ key }) => key));
  return pending.filter(({ kind, name }) => there.has(`${kind}/${name}`)).length;
}

/** Every object one by one: ours, whole, of this round. */
async function expectRound(round: string, deploymentId: string): Promise<void> {
  const { send, namespace } = deployer;
  for (const key of everything) {
    const object = await liveObject(send, namespace, key);
    expect([key, object.metadata.annotations?.['round']]).toEqual([key, round]);
    expect(object.metadata.labels?.[ownerLabel]).toBe(deploymentId);
    expect(object.metadata['managedFields']).toContainEqual(
      expect.objectContaining({ manager: fieldManager, operation: 'Apply' }),
    );
  }
  const web = await liveObject(send, namespace, 'Deployment/web');
  expect(part(web, 'spec', 'template', 'spec', 'containers', 0, 'env')).toEqual([
    { name: 'ROUND', value: round },
  ]);
  expect(web['status']).toMatchObject({ replicas: 2, updatedReplicas: 2, readyReplicas: 2 });
}

/** SIGKILL at a random point: two of three right when one more object was applied, before or after that is recorded. */
async function killSomewhere(ledger: Ledger, round: string): Promise<void> {
  const seen = new Set(watch.seen.filter((one) => one.round === round).map(({ key }) => key)).size;
  if (seen === everything.length || ledger.between(0, 2) === 0)
    await pause(ledger.between(0, 5000));
  else {
    await whenSeen(round, ledger.between(seen + 1, everything.length));
    await pause(ledger.between(0, 12));
  }
  await deployer.slipway.kill('workers');
  ledger.fault('kill -9');
  if ((await unrecorded(round)) > 0) caught += 1;
  await deployer.slipway.start('workers');
}

describe('a deployer that is killed again and again while it rolls out to a cluster', () => {
  it(
    'brings every rollout to its end, object by object, each applied once and none to two ends [A-DEP-03] [A-DEP-14]',
    async () => {
      const { slipway, project } = deployer;
      const ledger = new Ledger('deployer killed, cluster');
      ledger.ask('generation 1');
      const first = await settled(
        slipway,
        project,
        ({ currentStatus }) => currentStatus === 'healthy',
      );
      await expectRound('0', first.id);
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
        const enough = Math.min(kills, ledger.faultCount + ledger.between(1, 4));
        while (ledger.faultCount < enough) await killSomewhere(ledger, String(round));
        const found = await settled(
          slipway,
          project,
          (one) => one.observedGeneration === generation,
        );
        expect(found.lastSync).toMatchObject({ status: 'succeeded' });
        await expectRound(String(round), first.id);
        converged += 1;
      }
      const history = await slipway.database.db.deploymentHistory.findMany({
        where: { status: 'success' },
      });
      const syncs = await slipway.database.db.deploymentSync.findMany();
      const generationOf = new Map(syncs.map(({ id, generation }) => [id, generation]));
      const verdict = ledger.check(
        history.map(({ syncId }) => `generation ${String(generationOf.get(syncId ?? ''))}`),
      );
      const audit = auditSightings(watch.seen, appHooks);
      saveFaultResult('deployer-killed', 'cluster', {
        seed: ledger.seed,
        faults: Object.fromEntries(ledger.faults),
        runs: ledger.requests,
        converged,
        doubles: verdict.doubled.length + audit.doubles.length + audit.backwards.length,
        seconds: Math.round((performance.now() - startedMs) / 1000),
        betweenApplyAndRecord: caught,
        objects: everything.length,
        changesSeen: watch.seen.length,
      });
      expect(verdict).toEqual({ lost: [], doubled: [], unasked: [] });
      expect(audit).toEqual({ doubles: [], backwards: [] });
      expect(syncs.filter(({ status }) => status !== 'succeeded')).toEqual([]);
      expect(ledger.faultCount).toBe(kills);
      expect(new Set(watch.seen.map(({ key }) => key))).toEqual(new Set(everything));
    },
    300_000 + kills * 300_000,
  );
});
