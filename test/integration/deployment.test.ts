import { afterAll, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { recordObservation } from '../../domain/deploy/record-observation.ts';
import { newId } from '../../domain/shared/new-id.ts';
import {
  type AppUnderTest,
  openAppUnderTest,
  type TestAccount,
} from '../support/app-under-test.ts';

jest.setTimeout(240_000);

let sut: AppUnderTest;
let admin: TestAccount;
let project: { id: string; path: string };
let counter = 0;
const image = 'registry.example/app:1';

beforeAll(async () => {
  sut = await openAppUnderTest();
  admin = await sut.person('deployadmin', 'admin');
});
afterAll(() => sut.stop());

beforeEach(async () => {
  project = await sut.project(admin, `deployed-${String((counter += 1))}`);
});

interface Shown {
  id: string;
  generation: number;
  imageRef: string;
  desiredStatus: string;
}

async function create(body: Record<string, unknown> = {}): Promise<Shown> {
  const answer = await sut.call(admin, 'POST', `${project.path}/deployments`, {
    imageRef: image,
    ...body,
  });
  expect(answer.status).toBe(201);
  return answer.body as Shown;
}

async function makeGood(deploymentId: string, number: number): Promise<string> {
  const id = newId('deploymentRevision');
  await sut.db.deploymentRevision.create({
    data: {
      id,
      deploymentId,
      number,
      contentKey: `key-${String(number)}`,
      imageRef: `registry.example/app:${String(number)}`,
      commitSha: 'a'.repeat(40),
      changeId: newId('change'),
      manifestsRef: `manifests/${String(number)}`,
      status: 'good',
      goodAt: new Date(Date.now() + number),
    },
  });
  const before = await sut.db.deployment.findUniqueOrThrow({ where: { id: deploymentId } });
  await sut.db.deployment.update({
    where: { id: deploymentId },
    data: { liveRevisionId: id, currentStatus: 'healthy' },
  });
  const count = await sut.db.deploymentSync.count({ where: { deploymentId } });
  await sut.db.deploymentSync.create({
    data: {
      ...{ id: newId('deploymentSync'), deploymentId, projectId: before.projectId },
      ...{ number: count + 1, generation: 1, action: 'deploy', status: 'succeeded' },
      ...{ revisionId: id, previousRevisionId: before.liveRevisionId, finishedAt: new Date() },
    },
  });
  return id;
}

describe('the project of an environment', () => {
  it('is not deleted while it is there; a preview does not hold its project [A-PROJ-07]', async () => {
    const made = [await create(), await create({ environment: 'staging' })];
    const refused = await sut.call(admin, 'DELETE', project.path);
    expect(refused).toMatchObject({
      status: 409,
      body: {
        code: 'conflict',
        detail: expect.stringMatching(/production, staging\. Remove each environment first/),
        errors: [{ detail: 'production is deployed' }, { detail: 'staging is deployed' }],
      },
    });
    expect((await sut.call(admin, 'GET', project.path)).status).toBe(200);
    const branches = { sourceBranch: 'a', targetBranch: 'main', headSha: '0'.repeat(40) };
    const of = { projectId: project.id, authorId: admin.id, changeId: newId('change') };
    const { id: mergeRequestId } = await sut.db.mergeRequest.create({
      data: { id: newId('mergeRequest'), number: 1, title: 'x', ...of, ...branches },
    });
    const [kept, gone] = made.map(({ id }) => ({ id }));
    await sut.db.deployment.update({
      where: kept ?? { id: '' },
      data: { environment: 'preview', mergeRequestId },
    });
    await sut.db.deployment.delete({ where: gone ?? { id: '' } });
    expect((await sut.call(admin, 'DELETE', project.path)).status).toBe(204);
  });
});

describe('the desired state of an environment', () => {
  it('is one row for a project and environment, production unless told, active and pending when new [A-DEP-01] [A-DEP-02]', async () => {
    const made = await create();
    expect(made).toMatchObject({
      environment: 'production',
      desiredStatus: 'active',
      currentStatus: 'pending',
      generation: 1,
      observedGeneration: 0,
    });
    const again = await sut.call(admin, 'POST', `${project.path}/deployments`, { imageRef: image });
    expect(again.status).toBe(409);
    await create({ environment: 'staging' });
    const list = await sut.call(admin, 'GET', `${project.path}/deployments`);
    expect((list.body as { items: unknown[] }).items).toHaveLength(2);
  });

  it('takes no environment or status outside the closed sets, by API or by SQL [A-DEP-01] [A-DEP-02]', async () => {
    const bad = await sut.call(admin, 'POST', `${project.path}/deployments`, {
      imageRef: image,
      environment: 'moon',
    });
    expect(bad.status).toBe(400);
    const { id } = await create();
    for (const column of ['desired_status', 'current_status', 'environment']) {
      await expect(
        sut.db.$executeRawUnsafe(`UPDATE deployments SET ${column} = 'odd' WHERE id = '${id}'`),
      ).rejects.toThrow(/check constraint/i);
    }
  });

  it('rises by a generation with each change of what is desired, not with settings [A-DEP-02]', async () => {
    const { id } = await create();
    const patch = async (body: unknown) =>
      (await sut.call(admin, 'PATCH', `/api/v1/deployments/${id}`, body)).body as Shown;
    expect(await patch({ bakeSeconds: 7 })).toMatchObject({ generation: 1, bakeSeconds: 7 });
    expect(await patch({ imageRef: 'registry.example/app:2' })).toMatchObject({ generation: 2 });
    const events = await sut.db.event.findMany({
      where: { subjectId: id, type: 'deployment.desired_changed' },
      orderBy: { seq: 'asc' },
    });
    expect(events.map(({ payload }) => (payload as { generation: number }).generation)).toEqual([
      1, 2,
    ]);
  });

  it('goes back to a revision that was good, and to none that was not [A-DEP-08]', async () => {
    const { id } = await create();
    const rollBack = (body: unknown) =>
      sut.call(admin, 'POST', `/api/v1/deployments/${id}/rollback`, body);
    expect((await rollBack({})).status).toBe(409);
    await makeGood(id, 1);
    const bad = await makeGood(id, 9);
    await sut.db.deploymentRevision.update({ where: { id: bad }, data: { status: 'bad' } });
    await makeGood(id, 2);
    expect((await rollBack({ revision: 9 })).status).toBe(409);
    const shown = await sut.call(admin, 'GET', `/api/v1/deployments/${id}/revisions`);
    expect(shown.body).toMatchObject({ before: 1 });
    const asked = await rollBack({});
    expect(asked.status).toBe(202);
    expect(asked.body).toMatchObject({
      desiredStatus: 'rollback',
      imageRef: 'registry.example/app:1',
      generation: 2,
    });
  });
});

describe('the health of an environment', () => {
  it('that is well again says nothing of what it was, and keeps what a sync said of it [A-DEP-07]', async () => {
    const { id } = await create();
    const now = () => sut.db.deployment.findUniqueOrThrow({ where: { id } });
    const said = {
      currentStatus: 'healthy',
      statusMessage: 'revision 2 failed; revision 1 serves',
    };
    await sut.db.deployment.update({ where: { id }, data: said });
    const seen = { healthy: true, message: null, drift: [], addresses: [] };
    await recordObservation(sut.db, await now(), seen);
    expect(await now()).toMatchObject(said);
    const ill = { ...seen, healthy: false, message: 'it is not there' };
    await recordObservation(sut.db, await now(), ill);
    expect(await now()).toMatchObject({ statusMessage: ill.message, currentStatus: 'degraded' });
    await recordObservation(sut.db, await now(), seen);
    expect(await now()).toMatchObject({ statusMessage: null, currentStatus: 'healthy' });
  });
});

describe('retry now', () => {
  const image2 = 'registry.example/app:2';

  /** A deployment whose sync of revision 2 has ended, as its workflow would have left it; revision 1 serves. */
  async function ended(status: string, action = 'deploy', environment = 'production') {
    const { id } = await create({ environment });
    const previous = await makeGood(id, 1);
    const revisionId = await makeGood(id, 2);
    const isBad = status === 'undone' && action === 'deploy';
    if (isBad)
      await sut.db.deploymentRevision.update({
        where: { id: revisionId },
        data: { status: 'bad', quarantineReason: 'never ready' },
      });
    await sut.db.deploymentSync.create({
      data: {
        ...{ id: newId('deploymentSync'), deploymentId: id, projectId: project.id },
        ...{ number: 3, generation: 1, revisionId, action, status },
        ...{ changeId: newId('change'), finishedAt: new Date() },
      },
    });
    await sut.db.deployment.update({
      where: { id },
      data: {
        observedGeneration: 1,
        liveRevisionId: previous,
        pinnedRevisionId: previous,
        desiredStatus: 'rollback',
        imageRef: 'registry.example/app:1',
      },
    });
    return { id, revisionId };
  }
  const retry = (account: TestAccount, id: string, body: unknown = {}) =>
    sut.call(account, 'POST', `/api/v1/deployments/${id}/retry`, body);

  it.each(['undone', 'rejected', 'needs_human'])(
    'desires a deploy that ended %s once more, out of quarantine, with an audit entry [A-DEP-03]',
    async (status) => {
      const { id, revisionId } = await ended(status);
      const asked = await retry(admin, id, { reason: 'the target was mended' });
      expect(asked.status).toBe(202);
      expect(asked.body).toMatchObject({
        desiredStatus: 'active',
        imageRef: image2,
        commitSha: 'a'.repeat(40),
        generation: 2,
      });
      const row = await sut.db.deployment.findUniqueOrThrow({ where: { id } });
      expect(row.pinnedRevisionId).toBeNull();
      const revision = await sut.db.deploymentRevision.findUniqueOrThrow({
        where: { id: revisionId },
      });
      expect(revision).toMatchObject({ quarantineReason: null });
      expect(revision.status).not.toBe('bad');
      const entry = await sut.db.auditEntry.findFirstOrThrow({
        where: { resourceId: id, action: 'deployment.retried' },
      });
      expect(entry.detail).toMatchObject({ revision: 2, reason: 'the target was mended' });
      // The request is on its way: a second click asks for nothing more.
      expect((await retry(admin, id)).status).toBe(409);
    },
  );

  it('goes on with a rollback that failed [A-DEP-08]', async () => {
    const { id, revisionId } = await ended('undone', 'rollback');
    expect((await retry(admin, id)).body).toMatchObject({
      desiredStatus: 'rollback',
      imageRef: image2,
    });
    const row = await sut.db.deployment.findUniqueOrThrow({ where: { id } });
    expect(row.pinnedRevisionId).toBe(revisionId);
  });

  it('takes up again what could not be rendered, and nothing where nothing failed [A-DEP-03]', async () => {
    const { id } = await ended('succeeded');
    expect((await retry(admin, id)).status).toBe(409);
    await sut.db.deployment.update({ where: { id }, data: { currentStatus: 'degraded' } });
    expect((await retry(admin, id)).body).toMatchObject({
      desiredStatus: 'rollback',
      generation: 2,
    });
  });

  it('waits for a rollout that is under way, and needs deploy:promote [A-DEP-11]', async () => {
    const { id } = await ended('baking');
    expect((await retry(admin, id)).status).toBe(409);
    const failed = await ended('undone', 'deploy', 'staging');
    const developer = await sut.person(`retrydev-${String(counter)}`, 'developer');
    expect((await retry(developer, failed.id)).status).toBe(403);
    const ops = await sut.person(`retryops-${String(counter)}`, 'ops');
    expect((await retry(ops, failed.id)).status).toBe(202);
  });
});

describe('promotion', () => {
  it('deploys elsewhere exactly what serves here, without a build [A-DEP-11]', async () => {
    const staging = await create({ environment: 'staging' });
    const promote = (account: TestAccount) =>
      sut.call(account, 'POST', `/api/v1/deployments/${staging.id}/promote`, { to: 'production' });
    expect((await promote(admin)).status).toBe(409);
    await makeGood(staging.id, 1);
    const promoted = await promote(admin);
    expect(promoted.body).toMatchObject({
      environment: 'production',
      imageRef: 'registry.example/app:1',
      commitSha: 'a'.repeat(40),
    });
    expect(await sut.db.pipeline.count({ where: { projectId: project.id } })).toBe(0);
  });

  it('needs deploy:promote: ops may, a developer may not [A-DEP-11]', async () => {
    const staging = await create({ environment: 'staging' });
    await makeGood(staging.id, 1);
    const address = `/api/v1/deployments/${staging.id}/promote`;
    const developer = await sut.person(`dev-${String(counter)}`, 'developer');
    expect((await sut.call(developer, 'POST', address, {})).status).toBe(403);
    const ops = await sut.person(`ops-${String(counter)}`, 'ops');
    expect((await sut.call(ops, 'POST', address, {})).status).toBe(202);
  });
});
