import { afterAll, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { adoptRevision } from '../../domain/deploy/adopt-revision.ts';
import { newId } from '../../domain/shared/new-id.ts';
import type { Prisma } from '../../prisma/generated/client.ts';
import { makeOpenSync } from '../support/entity-steps.ts';
import { makeWorkTree, type WorkTree } from '../support/git-client.ts';
import { startGitServer, type GitServer, type TestUser } from '../support/git-server.ts';

// Many git processes; a loaded machine takes its time.
jest.setTimeout(240_000);

let server: GitServer;
let ann: TestUser;
let bob: TestUser;
let tree: WorkTree;
let id: string;
let counter = 0;

beforeAll(async () => {
  server = await startGitServer();
  ann = await server.user('ann', 'developer');
  bob = await server.user('bob', 'admin');
}, 240_000);
afterAll(() => server.stop());

/** A deployment that Bob asked for and that serves the first commit of an ops repository of Ann's. */
beforeEach(async () => {
  counter += 1;
  const name = `ops-${String(counter)}`;
  const ops = await server.project(ann, name);
  tree = await makeWorkTree(ops.url, ann.token);
  const sha = await push({ 'apps/app/values.yaml': 'replicas: 1\n' });
  const opsRepo = { id: newId('opsRepo'), name, repoUrl: `/ann/${name}.git` };
  await server.db.opsRepo.create({ data: opsRepo });
  id = newId('deployment');
  const { id: projectId } = await server.project(bob, `app-${String(counter)}`);
  await server.db.deployment.create({
    data: {
      ...{ id, projectId, opsRepoId: opsRepo.id, manifestPath: 'apps/app', imageRef: 'app:1' },
      ...{
        opsRepoSetBy: bob.id,
        deployedBy: bob.id,
        changeId: newId('change'),
        observedGeneration: 1,
      },
      ...{ currentSha: sha, adoptedSha: sha, currentStatus: 'healthy' },
    },
  });
});

async function push(files: Record<string, string>): Promise<string> {
  await tree.write(files);
  // never the very commit that another test made within the same second
  const sha = await tree.commit(`change of ${String(counter)}`);
  await tree.git('push', '--quiet', 'origin', 'HEAD:main');
  return sha;
}

const adopt = async () => {
  const include = { opsRepo: true, project: { select: { name: true } } };
  const found = await server.db.deployment.findUniqueOrThrow({ where: { id }, include });
  return await adoptRevision({ db: server.db, store: server.store }, found);
};
const row = () => server.db.deployment.findUniqueOrThrow({ where: { id } });
const set = (data: Prisma.DeploymentUncheckedUpdateInput) =>
  server.db.deployment.update({ where: { id }, data });

async function pinAtGood(pinnedByUndo: boolean): Promise<void> {
  const revision = await server.db.deploymentRevision.create({
    data: {
      ...{ id: newId('deploymentRevision'), deploymentId: id, number: 1, contentKey: 'one' },
      ...{ imageRef: 'app:1', manifestsRef: 'manifests/one', status: 'good' },
    },
  });
  await set({ desiredStatus: 'rollback', pinnedRevisionId: revision.id, pinnedByUndo });
}

describe('a push to the ops repository of a deployment', () => {
  it('is desired in the name of who pushed it and under its change, once, whatever becomes of it [A-DEP-03] [A-DEP-04]', async () => {
    const sha = await push({ 'apps/app/values.yaml': 'replicas: 2\n' });
    expect(await adopt()).toBe(true);
    const pushed = await server.db.push.findFirstOrThrow({ orderBy: { createdAt: 'desc' } });
    expect(await row()).toMatchObject({
      ...{ generation: 2, observedGeneration: 1, adoptedSha: sha },
      ...{ deployedBy: ann.id, changeId: pushed.changeId },
    });
    const told = await server.db.event.findFirstOrThrow({
      where: { subjectId: id, type: 'deployment.desired_changed' },
    });
    expect(told).toMatchObject({ actorId: ann.id, changeId: pushed.changeId });
    // Rejected, or left to a person: neither is a reason to begin it again.
    await set({ observedGeneration: 2 });
    expect(await adopt()).toBe(false);
    expect(await row()).toMatchObject({ generation: 2 });
  });

  it('changes no desired state where it changes nothing of the application [A-DEP-04]', async () => {
    const sha = await push({ 'apps/other/values.yaml': 'replicas: 2\n' });
    expect(await adopt()).toBe(false);
    expect(await row()).toMatchObject({ generation: 1, adoptedSha: sha, currentSha: sha });
  });

  it('lifts what an undo pinned, and nothing that a person pinned or stopped [A-DEP-08] [A-DEP-09]', async () => {
    await pinAtGood(false);
    await push({ 'apps/app/values.yaml': 'replicas: 2\n' });
    expect(await adopt()).toBe(false);
    await set({ desiredStatus: 'stopped' });
    expect(await adopt()).toBe(false);
    await set({ desiredStatus: 'rollback', pinnedByUndo: true });
    expect(await adopt()).toBe(true);
    expect(await row()).toMatchObject({
      ...{ desiredStatus: 'active', pinnedRevisionId: null, pinnedByUndo: false, generation: 2 },
    });
  });

  it('carries no open change of somebody else along, but for one that is being rolled out and asks nobody [A-DEP-04]', async () => {
    await set({ generation: 2 });
    await push({ 'apps/app/values.yaml': 'replicas: 2\n' });
    expect(await adopt()).toBe(false);
    expect(await row()).toMatchObject({ generation: 2, deployedBy: bob.id });
    await makeOpenSync(server.db, await row());
    await set({ approvals: 1 });
    expect(await adopt()).toBe(false);
    await set({ approvals: 0 });
    await server.db.deploymentSync.updateMany({ data: { status: 'waiting' } });
    expect(await adopt()).toBe(false);
    await server.db.deploymentSync.updateMany({ data: { status: 'running' } });
    expect(await adopt()).toBe(true);
    // her own she may overtake at any gate
    await set({ approvals: 1 });
    await push({ 'apps/app/values.yaml': 'replicas: 3\n' });
    expect(await adopt()).toBe(true);
    expect(await row()).toMatchObject({ generation: 4, deployedBy: ann.id });
  });

  it('is in nobody else’s name, also when the branch is seen to move before its push is written down [A-DEP-04]', async () => {
    const sha = await push({ 'apps/app/values.yaml': 'replicas: 2\n' });
    const where = { updates: { array_contains: [{ newSha: sha }] } };
    const written = await server.db.push.findFirstOrThrow({ where });
    await server.db.push.delete({ where: { id: written.id } });
    expect(await adopt()).toBe(false);
    const { updates, ...rest } = written;
    await server.db.push.create({ data: { ...rest, updates: updates as object[] } });
    const tag = [{ ref: 'refs/tags/v1', oldSha: '0'.repeat(40), newSha: sha }];
    const other = { projectId: written.projectId, changeId: newId('change'), pusherId: bob.id };
    await server.db.push.create({ data: { id: newId('push'), ...other, updates: tag } });
    expect(await adopt()).toBe(true);
    expect(await row()).toMatchObject({ deployedBy: ann.id, changeId: written.changeId });
  });

  it('is left to the desired state that renders it first anyway [A-DEP-04]', async () => {
    await set({ adoptedSha: null, generation: 2 });
    expect(await adopt()).toBe(false);
    await set({ observedGeneration: 2 });
    expect(await adopt()).toBe(true);
  });
});
