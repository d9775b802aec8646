import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Manifest } from '../../contracts/deploy/manifest.ts';
import { ownerLabel } from '../../contracts/deploy/target.ts';
import { eventually, holds } from '../support/eventually.ts';
import { saveFaultResult } from '../support/fault-result.ts';
import {
  collectionPath,
  isThere as isObjectThere,
  liveObject,
  observed,
  settled,
} from '../support/kubernetes/cluster-app.ts';
import {
  type ClusterDeployer,
  deployOwnManifests,
  startClusterDeployer,
} from '../support/kubernetes/cluster-deployer.ts';
import { faultScale, Ledger } from '../support/ledger.ts';

/** F3 of the fault plan. A field that was put right three times in ten minutes is left to whoever fights for it. */
const rounds = Math.min(3, faultScale());
/** how long drift may go unseen: the plan's minute, shorter on each commit */
const intervalSeconds = faultScale() > 1 ? 60 : 10;
const parts = Array.from({ length: 20 }, (_, n) => `ConfigMap/part-${String(n).padStart(2, '0')}`);
const third = Math.round(parts.length * 0.3);

let deployer: ClusterDeployer;
let deploymentId: string;

const nameOf = (key: string) => key.split('/')[1] ?? '';
const filesOf = (keys: readonly string[]) => ({
  'apps/app/parts.yaml': keys
    .map(
      (key) =>
        `apiVersion: v1\nkind: ConfigMap\nmetadata: { name: ${nameOf(key)} }\ndata: { text: ${nameOf(key)} }\n`,
    )
    .join('---\n'),
});

beforeAll(async () => {
  deployer = await startClusterDeployer();
  await deployer.push(filesOf(parts), 'all parts');
  deploymentId = await deployOwnManifests(deployer, { intervalSeconds, prune: true });
}, 300_000);

afterAll(async () => {
  await deployer.stop();
}, 120_000);

const live = (key: string): Promise<Manifest> => liveObject(deployer.send, deployer.namespace, key);

const isThere = (key: string) => isObjectThere(deployer.send, deployer.namespace, key);

async function uids(keys: readonly string[]): Promise<Record<string, unknown>> {
  const found = await Promise.all(
    keys.map(async (key) => [key, (await live(key)).metadata['uid']] as const),
  );
  return Object.fromEntries(found);
}

const collection = () => collectionPath('ConfigMap', deployer.namespace);
const remove = (key: string) =>
  deployer.send({ method: 'DELETE', path: `${collection()}/${nameOf(key)}` });
const change = (key: string) =>
  deployer.send({
    method: 'PATCH',
    path: `${collection()}/${nameOf(key)}`,
    query: { fieldManager: 'kubectl-edit' },
    body: { data: { text: 'not what git says' } },
    contentType: 'application/merge-patch+json',
  });
/** An object of somebody else under a name that was ours. */
const makeTheirs = (key: string) =>
  deployer.send({
    method: 'POST',
    path: collection(),
    query: { fieldManager: 'kubectl' },
    body: {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: nameOf(key) },
      data: { text: 'theirs' },
    },
  });

/** What was told of drift since `since`, as text. */
async function toldSince(since: Date): Promise<string> {
  const told = await deployer.slipway.database.db.event.findMany({
    where: {
      subjectId: deploymentId,
      type: 'deployment.drift_found',
      createdAt: { gte: since },
    },
  });
  return JSON.stringify(told.map(({ payload }) => payload));
}

/** Deletes 30 % and changes 30 %; waits until all is seen and put right. @returns ms until the last was seen */
async function drift(ledger: Ledger, round: number): Promise<number> {
  const turned = parts.map((_, n) => parts[(n + round * third) % parts.length] ?? '');
  const [deleted, changed] = [turned.slice(0, third), turned.slice(third, 2 * third)];
  // right after a look: the next one is a whole interval away
  await observed(deployer.slipway, deploymentId, 1);
  const began = new Date();
  for (const key of deleted) {
    await remove(key);
    ledger.fault('deleted');
  }
  for (const key of changed) {
    await change(key);
    ledger.fault('changed');
  }
  await eventually(async () => {
    const told = await toldSince(began);
    const isSeen = (key: string) => told.includes(`/${nameOf(key)}#`);
    return [...deleted, ...changed].every(isSeen) ? true : undefined;
  }, 240_000);
  const seenMs = Date.now() - began.getTime();
  await holds(async () => {
    for (const key of parts) expect((await live(key))['data']).toEqual({ text: nameOf(key) });
  }, 240_000);
  return seenMs;
}

const patch = async (body: Record<string, unknown>): Promise<void> => {
  const { slipway } = deployer;
  const answer = await slipway.request('PATCH', `/api/v1/deployments/${deploymentId}`, body);
  expect(answer.status).toBe(200);
};

/** Pushes what is left of the parts, and waits until its sync has ended. */
async function pushParts(keys: readonly string[], message: string): Promise<void> {
  await deployer.push(filesOf(keys), message);
  const sha = (await deployer.work.git('rev-parse', 'HEAD')).trim();
  await settled(
    deployer.slipway,
    deployer.project,
    ({ currentSha, lastSync }) => currentSha === sha && lastSync?.status === 'succeeded',
  );
}

describe('a cluster in which others delete, change and make objects', () => {
  it(
    'is put right within the interval of its deployment, and the events name every object [A-DEP-03] [A-DEP-04]',
    async () => {
      const ledger = new Ledger('drift');
      const startedMs = performance.now();
      const seenMs: number[] = [];
      for (let round = 0; round < rounds; round += 1) seenMs.push(await drift(ledger, round));
      saveFaultResult('drift-prune', 'drift', {
        seed: ledger.seed,
        faults: Object.fromEntries(ledger.faults),
        runs: rounds,
        converged: seenMs.length,
        doubles: 0,
        seconds: Math.round((performance.now() - startedMs) / 1000),
        objects: parts.length,
        intervalSeconds,
        slowestSeenSeconds: Math.round(Math.max(...seenMs) / 1000),
      });
      const syncs = await deployer.slipway.database.db.deploymentSync.count();
      expect(syncs).toBe(1);
    },
    60_000 + rounds * 500_000,
  );

  it('loses what git no longer holds, and nothing that is not its own any more [A-DEP-03] [A-DEP-06]', async () => {
    const startedMs = performance.now();
    const [gone, kept] = [parts.slice(0, third), parts.slice(third)];
    const [taken = ''] = gone;
    const before = await uids(kept);
    // what nobody puts right stays somebody else's
    await patch({ selfHeal: false });
    // what was being looked at with self-heal on is over
    await observed(deployer.slipway, deploymentId, 1);
    await remove(taken);
    await makeTheirs(taken);
    const theirs = await uids([taken]);
    await deployer.push(filesOf(kept), 'fewer parts');
    await settled(
      deployer.slipway,
      deployer.project,
      ({ lastSync, liveRevision }) =>
        liveRevision?.number === 2 && lastSync?.status === 'succeeded',
    );
    for (const key of gone.slice(1)) expect([key, await isThere(key)]).toEqual([key, false]);
    expect(await uids([taken])).toEqual(theirs);
    expect((await live(taken)).metadata.labels?.[ownerLabel]).toBeUndefined();
    expect(await uids(kept)).toEqual(before);
    await remove(taken);
    await patch({ selfHeal: true });
    await pushParts(parts, 'all parts again');
    for (const key of parts) expect([key, await isThere(key)]).toEqual([key, true]);
    saveFaultResult('drift-prune', 'prune', {
      seed: 0,
      faults: { removed: gone.length, 'made by others': 1 },
      runs: 2,
      converged: 2,
      doubles: 0,
      seconds: Math.round((performance.now() - startedMs) / 1000),
      objects: parts.length,
    });
  }, 600_000);

  it('loses nothing when more than half would go and a person says no [A-DEP-03] [A-DEP-06]', async () => {
    const before = await uids(parts);
    await deployer.push(filesOf(parts.slice(0, 8)), 'hardly any part');
    const gate = await eventually(async () => {
      const page = await deployer.slipway.request('GET', '/api/v1/gates');
      return (page.body as { items: { id: string }[] }).items[0];
    }, 120_000);
    expect(await uids(parts)).toEqual(before);
    const said = await deployer.slipway.request('POST', `/api/v1/gates/${gate.id}/decision`, {
      decision: 'reject',
      reason: 'a mistake',
    });
    expect(said.status).toBe(200);
    await settled(
      deployer.slipway,
      deployer.project,
      ({ lastSync }) => lastSync?.status === 'rejected',
    );
    expect(await uids(parts)).toEqual(before);
  }, 300_000);
});
