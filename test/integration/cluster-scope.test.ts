import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { DeployActivityDeps } from '../../activities/deploy/deps.ts';
import { planSync } from '../../activities/deploy/plan-sync.ts';
import type { RenderInput } from '../../contracts/deploy/render.ts';
import { DomainError } from '../../contracts/problems.ts';
import { storeRevision } from '../../domain/deploy/store-revision.ts';
import { newId } from '../../domain/shared/new-id.ts';
import {
  type AppUnderTest,
  openAppUnderTest,
  type TestAccount,
} from '../support/app-under-test.ts';
import { createMemoryStore } from '../support/memory-store.ts';

let sut: AppUnderTest;
let admin: TestAccount;

beforeAll(async () => {
  sut = await openAppUnderTest();
  admin = await sut.person('scopeadmin', 'admin');
}, 240_000);
afterAll(() => sut.stop());

describe('a deployment', () => {
  it('may bring objects of the whole cluster only where an admin says so, and until they are gone [A-DEP-12]', async () => {
    const project = await sut.project(admin, 'scoped');
    const made = await sut.call(admin, 'POST', `${project.path}/deployments`, { imageRef: 'a:1' });
    const { id } = made.body as { id: string };
    const allow = (who: TestAccount, clusterScope: boolean) =>
      sut.call(who, 'PATCH', `/api/v1/deployments/${id}`, { clusterScope });
    const maintainer = await sut.person('scopekeeper', `maintainer@${project.id}`);
    expect((await allow(maintainer, false)).status).toBe(200);
    expect((await allow(maintainer, true)).status).toBe(403);
    const allowed = { status: 200, body: { clusterScope: true, generation: 2 } };
    expect(await allow(admin, true)).toMatchObject(allowed);
    const [told] = await sut.db.auditEntry.findMany({
      where: { resourceId: id, action: 'deployment.updated', actorId: admin.id },
    });
    expect(told?.detail).toMatchObject({ changed: ['clusterScope'], clusterScope: true });
    const asked: boolean[] = [];
    await planSync({
      db: sut.db,
      gitStore: { resolveCommit: () => Promise.resolve('a'.repeat(40)) },
      manifestFiles: {
        read: () => Promise.resolve({ files: new Map(), binaries: new Map(), unread: [] }),
      },
      render: ({ clusterScope }: RenderInput) => {
        asked.push(clusterScope);
        return Promise.reject(new DomainError('validation_failed', 'nothing here'));
      },
    } as unknown as DeployActivityDeps)({ deploymentId: id });
    expect(asked).toEqual([true]);
    const row = await sut.db.deployment.findUniqueOrThrow({ where: { id } });
    const rendered = { manifests: [], opsRepoSha: null, commitSha: null };
    const { id: revisionId } = await storeRevision(sut.db, createMemoryStore(), row, rendered);
    const of = { id: newId('deploymentSync'), deploymentId: id, projectId: project.id };
    const role = { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'ClusterRole', name: 'r' };
    const object = { position: 0, phase: 'Sync', wave: 0, operation: 'apply', namespace: '' };
    await sut.db.deploymentSync.create({
      data: {
        ...{ ...of, number: 1, generation: 2, revisionId, action: 'deploy', status: 'succeeded' },
        objects: { create: { ...object, ...role } },
      },
    });
    expect(await allow(admin, false)).toMatchObject({
      status: 409,
      body: { detail: expect.stringContaining('ClusterRole r') },
    });
  });
});
