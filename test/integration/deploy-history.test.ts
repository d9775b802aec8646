import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { applyWave, undoWave } from '../../activities/deploy/apply-wave.ts';
import type { DeployActivityDeps } from '../../activities/deploy/deps.ts';
import { heal } from '../../activities/deploy/heal.ts';
import { scopeOf } from '../../activities/deploy/load-sync.ts';
import { observe } from '../../activities/deploy/observe.ts';
import { planSync } from '../../activities/deploy/plan-sync.ts';
import { removeAll } from '../../activities/deploy/remove-all.ts';
import { type Manifest, refOf } from '../../contracts/deploy/manifest.ts';
import { DomainError } from '../../contracts/problems.ts';
import { keptRevisions } from '../../contracts/deploy/types.ts';
import { beginSync } from '../../domain/deploy/begin-sync.ts';
import { finishSync } from '../../domain/deploy/finish-sync.ts';
import { listLeftovers } from '../../domain/deploy/list-leftovers.ts';
import { planWaves } from '../../domain/deploy/render/plan-waves.ts';
import { reportContested } from '../../domain/deploy/report-contested.ts';
import { readRevision, storeRevision, trimRevisions } from '../../domain/deploy/store-revision.ts';
import { listWaveObjects, noteUndo, setObjectStatus } from '../../domain/deploy/sync-objects.ts';
import {
  type AppUnderTest,
  openAppUnderTest,
  type TestAccount,
} from '../support/app-under-test.ts';
import { openLocalBench } from '../support/local-bench.ts';
import { createMemoryStore } from '../support/memory-store.ts';
import { HealCount } from '../../workflows/deploy/deployment.state.ts';

jest.setTimeout(120_000);

let sut: AppUnderTest;
let admin: TestAccount;
let counter = 0;
const store = createMemoryStore();
const wave = { phase: 'Sync', wave: 0 } as const;

beforeAll(async () => {
  sut = await openAppUnderTest();
  admin = await sut.person('historyadmin', 'admin');
});
afterAll(() => sut.stop());

async function newDeployment(): Promise<string> {
  const project = await sut.project(admin, `kept-${String((counter += 1))}`);
  const made = await sut.call(admin, 'POST', `${project.path}/deployments`, {
    imageRef: 'registry.example/app:1',
  });
  expect(made.status).toBe(201);
  const { id } = made.body as { id: string };
  // What is rolled out here lies in `shop`, which one deployment has at a time.
  const old = { namespace: `shop-${String(counter)}` };
  await sut.db.deployment.updateMany({ where: { namespace: 'shop' }, data: old });
  await sut.db.deployment.update({ where: { id }, data: { namespace: 'shop' } });
  return id;
}

const config = (name: string, round: number): Manifest => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, namespace: 'shop' },
  data: { round: String(round) },
});

/** A sync to a revision of its own; every object of it was new. */
async function sync(deploymentId: string, manifests: Manifest[]) {
  const before = await sut.db.deployment.update({
    where: { id: deploymentId },
    data: { generation: { increment: 1 } },
  });
  const rendered = { manifests, opsRepoSha: null, commitSha: 'a'.repeat(40) };
  const revision = await storeRevision(sut.db, store, before, rendered);
  const { id } = await beginSync(sut.db, before, {
    revision,
    sourceSha: null,
    action: 'deploy',
    replicas: null,
    previousReplicas: null,
    secretVersions: new Map(),
    waves: planWaves(manifests),
    prune: [],
  });
  for (const object of await listWaveObjects(sut.db, id, wave)) {
    await noteUndo(sut.db, object, 'remove');
    await setObjectStatus(sut.db, object, 'applied');
  }
  return { id, revision };
}

const end = (syncId: string, outcome: 'succeeded' | 'superseded' | 'undone' | 'needs_human') =>
  finishSync(sut.db, { syncId, outcome, reason: null });

describe('revisions that are kept no more', () => {
  it('lose their manifests only: syncs, their objects and history stay, and the same content is kept again when it comes back [A-DEP-10]', async () => {
    const deploymentId = await newDeployment();
    const total = keptRevisions + 2;
    for (let round = 1; round <= total; round += 1) {
      await end((await sync(deploymentId, [config('app', round)])).id, 'succeeded');
      await trimRevisions(sut.db, store, deploymentId);
    }
    const syncs = await sut.call(
      admin,
      'GET',
      `/api/v1/deployments/${deploymentId}/syncs?limit=50`,
    );
    expect(
      (syncs.body as { items: { waves: unknown[] }[] }).items.map(({ waves }) => waves.length),
    ).toEqual(Array<number>(total).fill(1));
    const history = await sut.db.deploymentHistory.findMany({ where: { deploymentId } });
    expect(history.map((row) => row.revisionNumber).sort((a, b) => (a ?? 0) - (b ?? 0))).toEqual(
      Array.from({ length: total }, (_, at) => at + 1),
    );
    const shown = await sut.call(admin, 'GET', `/api/v1/deployments/${deploymentId}/revisions`);
    expect((shown.body as { items: { number: number }[] }).items.map((one) => one.number)).toEqual(
      Array.from({ length: keptRevisions }, (_, at) => total - at),
    );
    const first = await sut.db.deploymentRevision.findFirstOrThrow({
      where: { deploymentId, number: 1 },
    });
    expect(await store.get(first.manifestsRef)).toBeNull();
    await expect(readRevision(store, first)).rejects.toMatchObject({ code: 'not_found' });
    const refused = await sut.call(admin, 'POST', `/api/v1/deployments/${deploymentId}/rollback`, {
      revision: 1,
    });
    expect(refused.status).toBe(409);
    const { revision: again } = await sync(deploymentId, [config('app', 1)]);
    expect(again).toMatchObject({ id: first.id, number: 1, trimmedAt: null });
    expect(await readRevision(store, again)).toEqual([config('app', 1)]);
  });
});

describe('what rollouts leave that never became good', () => {
  it('is known until a success took it over or removed it; what was undone left nothing [A-DEP-03]', async () => {
    const deploymentId = await newDeployment();
    const left = async () => [...(await listLeftovers(sut.db, deploymentId))].sort();
    await end((await sync(deploymentId, [config('a', 1), config('b', 1)])).id, 'superseded');
    await end((await sync(deploymentId, [config('a', 2), config('c', 2)])).id, 'needs_human');
    expect(await left()).toEqual(['ConfigMap/shop/a', 'ConfigMap/shop/b', 'ConfigMap/shop/c']);
    const undone = await sync(deploymentId, [config('d', 3)]);
    for (const object of await listWaveObjects(sut.db, undone.id, wave)) {
      await setObjectStatus(sut.db, object, 'undone');
    }
    await end(undone.id, 'undone');
    expect(await left()).toHaveLength(3);
    await end((await sync(deploymentId, [config('a', 4)])).id, 'succeeded');
    expect(await left()).toEqual([]);
  });
});

describe('a field that others keep changing', () => {
  it('is left alone after three heals, with the name of who changes it, while the rest of its object is put right; with self-heal turned off meanwhile nothing is [A-DEP-03]', async () => {
    const bench = await openLocalBench();
    try {
      const deploymentId = await newDeployment();
      const row = await sut.db.deployment.findUniqueOrThrow({ where: { id: deploymentId } });
      const settings = (data: Record<string, string>): Manifest => ({
        apiVersion: 'v1',
        kind: 'ConfigMap',
        metadata: { name: 'settings', namespace: row.namespace },
        data,
      });
      await end((await sync(deploymentId, [settings({ a: '1', b: '2' })])).id, 'succeeded');
      const target = bench.target();
      const deps = { db: sut.db, store, target } as unknown as DeployActivityDeps;
      const scope = scopeOf(row);
      const change = (manager: string, data: Record<string, string>) =>
        target.applyAs(manager, scope, settings(data));
      const live = async () => (await target.read(scope, refOf(settings({}))))?.object['data'];
      const heals = new HealCount();
      const look = async (now: number) => {
        const { drift } = await observe(deps)({ deploymentId });
        const { heal: healed, contested } = heals.decide(drift, now);
        const skip = contested.map(({ key }) => key);
        if (skip.length > 0) await reportContested(sut.db, { deploymentId, fields: contested });
        if (healed.length > 0) await heal(deps)({ deploymentId, skip });
        return [healed.map(({ key }) => key), skip];
      };
      const key = (field: string) => `ConfigMap/${row.namespace}/settings#${field}`;
      expect(await look(0)).toEqual([[key('')], []]);
      for (let round = 1; round <= 3; round += 1) {
        await change('kubectl-edit', { a: '9' });
        expect(await look(round)).toEqual([[key('/data/a')], []]);
        expect(await live()).toEqual({ a: '1', b: '2' });
      }
      await change('kubectl-edit', { a: '9' });
      await change('somebody', { b: '7' });
      expect(await look(4)).toEqual([[key('/data/b')], [key('/data/a')]]);
      expect(await live()).toEqual({ a: '9', b: '2' });
      for (let round = 5; round < 9; round += 1) {
        expect(await look(round)).toEqual([[], [key('/data/a')]]);
      }
      const told = await sut.db.event.findMany({
        where: { subjectId: deploymentId, type: 'deployment.drift_contested' },
      });
      expect(told.map(({ payload }) => payload)).toMatchObject([
        { fields: [`${key('/data/a')} (kubectl-edit)`] },
      ]);
      await sut.db.deployment.update({ where: { id: deploymentId }, data: { selfHeal: false } });
      await change('somebody', { b: '7' });
      await heal(deps)({ deploymentId, skip: [] });
      expect(await live()).toEqual({ a: '9', b: '7' });
    } finally {
      await bench.close();
    }
  });
});

describe('an object that somebody else made', () => {
  it('fails a rollout before it is touched, with who manages it; one that is adopted is let go by an undo [A-DEP-03]', async () => {
    const deploymentId = await newDeployment();
    const theirs = config('settings', 0);
    Object.assign(theirs.metadata, {
      labels: { 'app.kubernetes.io/managed-by': 'Helm' },
      managedFields: [{ manager: 'kubectl', operation: 'Update' }],
    });
    const calls: string[] = [];
    const call = (name: string) => () => Promise.resolve(void calls.push(name));
    const target = {
      read: () => Promise.resolve({ ref: refOf(theirs), uid: 'u', object: theirs }),
      ...{ apply: call('apply'), remove: call('remove'), release: call('release') },
    };
    const deps = { db: sut.db, store, target } as unknown as DeployActivityDeps;
    /** A sync of which nothing was applied yet. */
    const begin = async (manifest: Manifest) => {
      const { id } = await sync(deploymentId, [manifest]);
      await sut.db.deploymentSyncObject.updateMany({
        where: { syncId: id },
        data: { status: 'pending', undo: null },
      });
      return { syncId: id, ...wave };
    };
    const refused = await begin(config('settings', 1));
    await expect(applyWave(deps)(refused)).rejects.toMatchObject({
      code: 'forbidden',
      message: expect.stringContaining('managed by Helm, kubectl'),
    });
    await undoWave(deps)(refused);
    expect(calls).toEqual([]);
    const [object] = await listWaveObjects(sut.db, refused.syncId, wave);
    expect(object).toMatchObject({
      status: 'failed',
      message: expect.stringContaining('slipway.dev/adopt: "true"'),
    });
    await end(refused.syncId, 'undone');
    const mine = config('settings', 2);
    mine.metadata.annotations = { 'slipway.dev/adopt': 'true' };
    const adopted = await begin(mine);
    await applyWave(deps)(adopted);
    await undoWave(deps)(adopted);
    expect(calls).toEqual(['apply', 'release']);
  });
});

describe('a hook', () => {
  it('is run once by a sync, also when the deployer died before it could note that it had begun it [A-DEP-14]', async () => {
    const deploymentId = await newDeployment();
    const hook: Manifest = {
      apiVersion: 'batch/v1',
      kind: 'Job',
      metadata: { name: 'migrate', namespace: 'shop', annotations: { 'slipway.dev/hook': 'Sync' } },
    };
    let live: Manifest | null = null;
    const runs: string[] = [];
    const target = {
      read: () =>
        Promise.resolve(live === null ? null : { ref: refOf(live), uid: 'u', object: live }),
      remove: () => Promise.resolve(void (live = null)),
      apply: (_scope: unknown, manifest: Manifest) => {
        live = manifest;
        runs.push(manifest.metadata.name);
        return Promise.resolve({ uid: 'u', changed: true });
      },
    };
    const deps = { db: sut.db, store, target } as unknown as DeployActivityDeps;
    const pending = (id: string) =>
      sut.db.deploymentSyncObject.updateMany({
        where: { syncId: id },
        data: { status: 'pending' },
      });
    const first = await sync(deploymentId, [hook]);
    for (let attempt = 0; attempt < 2; attempt += 1) {
      await pending(first.id);
      await applyWave(deps)({ syncId: first.id, ...wave });
    }
    expect(runs).toHaveLength(1);
    await end(first.id, 'succeeded');
    const second = await sync(deploymentId, [hook]);
    await pending(second.id);
    await applyWave(deps)({ syncId: second.id, ...wave });
    expect(runs).toHaveLength(2);
  });
});

describe('a deployment that is gone, or that its target does not let go', () => {
  it('is nothing to plan or to look at [A-DEP-14]', async () => {
    const deps = { db: sut.db, log: { warn: () => undefined } } as unknown as DeployActivityDeps;
    const gone = { deploymentId: 'dep_gone' };
    expect(await planSync(deps)(gone)).toMatchObject({ kind: 'nothing' });
    expect(await observe(deps)(gone)).toMatchObject({ revisionChanged: false, drift: [] });
    await heal(deps)({ ...gone, skip: [] });
  });

  it('is taken down as soon as its target allows it: a refusal is not the end [A-DEP-14]', async () => {
    const refused = new DomainError('forbidden', 'deployments.apps is forbidden');
    const target = { list: () => Promise.reject(refused) };
    const deps = { db: sut.db, target } as unknown as DeployActivityDeps;
    const removal = removeAll(deps)({ deploymentId: await newDeployment() });
    await expect(removal).rejects.toMatchObject({ code: 'unavailable', message: refused.message });
  });
});
