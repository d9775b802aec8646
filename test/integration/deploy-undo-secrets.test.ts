import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { applyWave, undoWave } from '../../activities/deploy/apply-wave.ts';
import type { DeployActivityDeps } from '../../activities/deploy/deps.ts';
import { planSync } from '../../activities/deploy/plan-sync.ts';
import type { Manifest } from '../../contracts/deploy/manifest.ts';
import { deploySecrets } from '../../workers/deploy-secrets.ts';
import type { AppUnderTest, TestAccount } from '../support/app-under-test.ts';
import { createMemoryStore } from '../support/memory-store.ts';
import { openRevisionSteps, type RevisionSteps } from '../support/revision-steps.ts';

let sut: AppUnderTest;
let admin: TestAccount;
let steps: RevisionSteps;
const store = createMemoryStore();
const wave = { phase: 'Sync', wave: 0 } as const;

beforeAll(async () => {
  ({ sut, admin, steps } = await openRevisionSteps(store));
});
afterAll(() => sut.stop());

describe('the secrets of a rollout that failed', () => {
  const secret: Manifest = {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 'keys', namespace: 'shop' },
    stringData: { key: '${{ secrets.API_KEY }}' },
  };
  const put = (value: string) =>
    sut.call(admin, 'PUT', `${steps.project.path}/secrets/API_KEY`, { value, scope: 'deploy' });

  it('go back with it to the versions that served, and are not tried again by themselves [A-SEC-05] [A-DEP-08]', async () => {
    const id = await steps.newDeployment();
    await put('canary-good');
    const given: unknown[] = [];
    const target = {
      read: () => Promise.resolve(null),
      list: () => Promise.resolve([]),
      apply: (_scope: unknown, manifest: Manifest) => {
        given.push((manifest['stringData'] as Record<string, unknown>)['key']);
        return Promise.resolve({ uid: 'u', changed: true });
      },
    };
    const secrets = deploySecrets(sut.db, sut.services.secretBox, sut.services.gitStore);
    const deps = { db: sut.db, store, target, secrets } as unknown as DeployActivityDeps;
    const revision = await steps.revisionOf(id, [secret]);
    await sut.db.deployment.update({
      where: { id },
      data: { desiredStatus: 'rollback', pinnedRevisionId: revision.id },
    });
    const planned = async () => {
      const plan = await planSync(deps)({ deploymentId: id });
      return plan.kind === 'planned' ? plan.syncId : null;
    };
    const first = (await planned()) ?? '';
    await applyWave(deps)({ syncId: first, ...wave });
    await steps.end(first, 'succeeded');
    await put('canary-bad');
    const second = (await planned()) ?? '';
    await applyWave(deps)({ syncId: second, ...wave });
    await undoWave(deps)({ syncId: second, ...wave });
    expect(given).toEqual(['canary-good', 'canary-bad', 'canary-good']);
    await steps.end(second, 'undone');
    expect(await planned()).toBeNull();
    await put('canary-mended');
    expect(await planned()).not.toBeNull();
  });
});
