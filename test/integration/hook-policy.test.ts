import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { MockActivityEnvironment } from '@temporalio/testing';
import { applyWave, undoWave } from '../../activities/deploy/apply-wave.ts';
import { awaitUndone, awaitWave } from '../../activities/deploy/await-health.ts';
import type { DeployActivityDeps } from '../../activities/deploy/deps.ts';
import { scopeOf } from '../../activities/deploy/load-sync.ts';
import { type Manifest, refOf } from '../../contracts/deploy/manifest.ts';
import type { WaveRef, WaveVerdict } from '../../contracts/deploy/types.ts';
import { beginSync } from '../../domain/deploy/begin-sync.ts';
import { finishSync } from '../../domain/deploy/finish-sync.ts';
import { planWaves } from '../../domain/deploy/render/plan-waves.ts';
import { storeRevision } from '../../domain/deploy/store-revision.ts';
import { newId } from '../../domain/shared/new-id.ts';
import type { Deployment } from '../../prisma/generated/client.ts';
import {
  type AppUnderTest,
  openAppUnderTest,
  type TestAccount,
} from '../support/app-under-test.ts';
import { packApp } from '../support/deploy-app.ts';
import { dataObject, onceJob } from '../support/deploy-manifests.ts';
import { type LocalBench, openLocalBench } from '../support/local-bench.ts';
import { createMemoryStore } from '../support/memory-store.ts';

jest.setTimeout(240_000);

let sut: AppUnderTest;
let admin: TestAccount;
let bench: LocalBench;
let image: string;
let counter = 0;
const store = createMemoryStore();

beforeAll(async () => {
  sut = await openAppUnderTest();
  admin = await sut.person('hookadmin', 'admin');
  bench = await openLocalBench();
  image = bench.images.add(packApp());
});
afterAll(async () => {
  await bench.close();
  await sut.stop();
});

const deps = () => ({ db: sut.db, store, target: bench.target() }) as unknown as DeployActivityDeps;

async function newDeployment(): Promise<Deployment> {
  const project = await sut.project(admin, `hooks-${String((counter += 1))}`);
  // No run of the project stored the artifact: it is put into the row, past the door that asks for one.
  const body = { imageRef: 'registry.example/app:1' };
  const made = await sut.call(admin, 'POST', `${project.path}/deployments`, body);
  const { id } = made.body as { id: string };
  return await sut.db.deployment.update({ where: { id }, data: { imageRef: image } });
}

const marked = (manifest: Manifest, hook: string, policy: string): Manifest => ({
  ...manifest,
  metadata: {
    ...manifest.metadata,
    annotations: {
      'argocd.argoproj.io/hook': hook,
      'argocd.argoproj.io/hook-delete-policy': policy,
    },
  },
});

/** One rollout as its workflow makes it, at a real local target; each effect may be asked twice. */
async function openRollout(deployment: Deployment, manifests: Manifest[]) {
  const { id } = deployment;
  const row = await sut.db.deployment.update({
    where: { id },
    data: { generation: { increment: 1 } },
  });
  const revision = await storeRevision(sut.db, store, row, {
    manifests,
    opsRepoSha: null,
    commitSha: 'a'.repeat(40),
  });
  const waves = planWaves(manifests);
  const { id: syncId } = await beginSync(sut.db, row, {
    revision,
    sourceSha: null,
    action: 'deploy',
    replicas: null,
    previousReplicas: null,
    secretVersions: new Map(),
    waves,
    prune: [],
  });
  const scope = scopeOf(row);
  const run = (wave: WaveRef, timeoutMs = 120_000): Promise<WaveVerdict> =>
    new MockActivityEnvironment().run(async () => {
      await applyWave(deps())({ syncId, ...wave });
      return await awaitWave(deps())({ syncId, timeoutMs, ...wave });
    });
  return {
    waves: waves.map(({ phase, wave }): WaveRef => ({ phase, wave })),
    run,
    undo: (...done: WaveRef[]) =>
      new MockActivityEnvironment().run(async () => {
        for (const wave of done.reverse()) await undoWave(deps())({ syncId, ...wave });
        return await awaitUndone(deps())({ syncId, timeoutMs: 60_000 });
      }),
    succeeded: () => finishSync(sut.db, { syncId, outcome: 'succeeded', reason: null }),
    uid: async (manifest: Manifest) =>
      (await bench.target().read(scope, refOf(manifest)))?.uid ?? null,
    statuses: async () => {
      const objects = await sut.db.deploymentSyncObject.findMany({
        where: { syncId },
        orderBy: { position: 'asc' },
      });
      return objects.map(({ name, status }) => `${name} ${status}`);
    },
  };
}

describe('the delete policy of a hook', () => {
  it('removes one that succeeded when the whole rollout did, and runs none a second time when it is told again [A-DEP-06] [A-DEP-14]', async () => {
    const deployment = await newDeployment();
    const { namespace } = deployment;
    const scope = { ...scopeOf(deployment), namespace };
    const app = () => ({ image, command: ['node', 'job.js'] });
    const settings = marked(
      dataObject(scope, 'ConfigMap', 'settings', { a: '1' }),
      'PreSync',
      'HookSucceeded',
    );
    const migrate = marked(onceJob(scope, app, { name: 'migrate' }), 'PreSync', 'HookSucceeded');
    const kept = marked(onceJob(scope, app, { name: 'kept' }), 'PostSync', 'BeforeHookCreation');
    const smoke = marked(onceJob(scope, app, { name: 'smoke' }), 'PostSync', 'HookSucceeded');
    const plain = dataObject(scope, 'ConfigMap', 'plain', { a: '1' });
    const rollout = await openRollout(deployment, [settings, migrate, plain, kept, smoke]);
    const [before, main, after] = rollout.waves as [WaveRef, WaveRef, WaveRef];
    expect(await rollout.run(before)).toEqual({ healthy: true });
    const first = [await rollout.uid(settings), await rollout.uid(migrate)];
    expect(first).not.toContain(null);
    expect(await rollout.run(main)).toEqual({ healthy: true });
    expect([await rollout.uid(settings), await rollout.uid(migrate)]).toEqual(first);
    expect(await rollout.run(after)).toEqual({ healthy: true });
    const keptUid = await rollout.uid(kept);
    // the answer was lost, and another deployer is asked the same
    for (const wave of rollout.waves) expect(await rollout.run(wave)).toEqual({ healthy: true });
    for (const gone of [settings, migrate, smoke]) expect(await rollout.uid(gone)).toBeNull();
    expect(await rollout.uid(kept)).toBe(keptUid);
    expect(await rollout.uid(plain)).not.toBeNull();
    const next = await openRollout(deployment, [plain, kept]);
    for (const wave of next.waves) expect(await next.run(wave)).toEqual({ healthy: true });
    expect(await next.uid(kept)).not.toBe(keptUid);
  });

  it('removes one that failed, and none that only would if it had succeeded, when the rollout is undone [A-DEP-06] [A-DEP-08]', async () => {
    const deployment = await newDeployment();
    const scope = scopeOf(deployment);
    const app = () => ({ image, command: ['node', 'job.js'] });
    const crash = (name: string, policy: string) =>
      marked(onceJob(scope, app, { name, mode: 'crash', backoffLimit: 0 }), 'Sync', policy);
    const good = marked(onceJob(scope, app, { name: 'good' }), 'PreSync', 'HookFailed');
    const tell = marked(onceJob(scope, app, { name: 'tell' }), 'SyncFail', 'HookSucceeded');
    const bad = crash('bad', 'HookFailed');
    const rollout = await openRollout(deployment, [good, bad, tell]);
    const [before, main, fail] = rollout.waves as [WaveRef, WaveRef, WaveRef];
    expect(await rollout.run(before)).toEqual({ healthy: true });
    const failed = await rollout.run(main);
    expect(failed).toMatchObject({ healthy: false, reason: expect.stringContaining('Job bad') });
    expect(await rollout.uid(bad)).not.toBeNull();
    expect(await rollout.run(fail)).toEqual({ healthy: true });
    for (let asked = 0; asked < 2; asked += 1) {
      expect(await rollout.undo(before, main)).toEqual({ healthy: true });
      expect(await rollout.uid(bad)).toBeNull();
      expect(await rollout.uid(tell)).toBeNull();
      expect(await rollout.uid(good)).not.toBeNull();
    }
    expect(await rollout.statuses()).toEqual(['good healthy', 'bad failed', 'tell healthy']);
    const other = crash('kept', 'HookSucceeded');
    const next = await openRollout(deployment, [other]);
    const [only] = next.waves as [WaveRef];
    expect(await next.run(only)).toMatchObject({ healthy: false });
    expect(await next.undo(only)).toEqual({ healthy: true });
    expect(await next.uid(other)).not.toBeNull();
  });

  it('takes one that has not ended in time for failed [A-DEP-06]', async () => {
    const deployment = await newDeployment();
    const scope = scopeOf(deployment);
    const wait = () => ({ image, command: ['node', '-e', 'setInterval(() => 0, 1000)'] });
    const job = onceJob(scope, wait, { name: 'slow', graceSeconds: 1 });
    const slow = marked(job, 'Sync', 'HookFailed');
    const rollout = await openRollout(deployment, [slow]);
    const [only] = rollout.waves as [WaveRef];
    expect(await rollout.run(only, 1)).toMatchObject({ healthy: false });
    expect(await rollout.undo(only)).toEqual({ healthy: true });
    expect(await rollout.uid(slow)).toBeNull();
    expect(await rollout.statuses()).toEqual(['slow failed']);
  });
});

describe('a Job that is no hook', () => {
  it('is left alone by rollouts of other changes, and runs anew when its template changes, there and back [A-DEP-07] [A-DEP-08]', async () => {
    const deployment = await newDeployment();
    const scope = scopeOf(deployment);
    const app = () => ({ image, command: ['node', 'job.js'] });
    const job = (version: string) => onceJob(scope, app, { name: 'seed', version });
    const rollout = async (version: string, round: string) => {
      const where = { id: deployment.id };
      await sut.db.deployment.update({ where, data: { changeId: newId('change') } });
      const plain = dataObject(scope, 'ConfigMap', 'plain', { round });
      const next = await openRollout(deployment, [job(version), plain]);
      for (const wave of next.waves) expect(await next.run(wave)).toEqual({ healthy: true });
      await next.succeeded();
      return next;
    };
    const first = await (await rollout('1', 'a')).uid(job('1'));
    expect(first).not.toBeNull();
    const second = await rollout('1', 'b');
    expect(await second.uid(job('1'))).toBe(first);
    const third = await rollout('2', 'c');
    const replaced = await third.uid(job('2'));
    expect(replaced).not.toBe(first);
    const bad = await openRollout(deployment, [job('3')]);
    const [only] = bad.waves as [WaveRef];
    expect(await bad.run(only)).toEqual({ healthy: true });
    expect(await bad.undo(only)).toEqual({ healthy: true });
    const live = await bench.target().read(scope, refOf(job('2')));
    expect(JSON.stringify(live?.object)).toContain('"value":"2"');
  });
});
