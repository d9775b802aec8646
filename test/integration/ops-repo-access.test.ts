import { afterAll, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import type { DeployActivityDeps } from '../../activities/deploy/deps.ts';
import { planSync } from '../../activities/deploy/plan-sync.ts';
import type { DeployPlan } from '../../contracts/pipeline/types.ts';
import { declareDeployments } from '../../domain/deploy/declare-deployments.ts';
import { findManifestSource } from '../../domain/deploy/manifest-source.ts';
import { unlimited } from '../../domain/identity/credential-limits.ts';
import { newId } from '../../domain/shared/new-id.ts';
import { inTransaction } from '../../domain/shared/tx.ts';
import {
  type AppUnderTest,
  openAppUnderTest,
  type TestAccount,
} from '../support/app-under-test.ts';
import { bindTestRole } from '../support/test-api.ts';

jest.setTimeout(240_000);

let sut: AppUnderTest;
let admin: TestAccount;
/** may do everything on their own project, and nothing elsewhere */
let member: TestAccount;
let vault: { id: string; path: string };
let app: { id: string; path: string };
let opsRepoId: string;
let counter = 0;
let runs = 0;

beforeAll(async () => {
  sut = await openAppUnderTest({ env: { SLIPWAY_OUTBOUND_ALLOW_HOSTS: '127.0.0.1' } });
  admin = await sut.person('opsadmin', 'admin');
});
afterAll(() => sut.stop());

beforeEach(async () => {
  counter += 1;
  vault = await sut.project(admin, `vault-${String(counter)}`, { visibility: 'private' });
  app = await sut.project(admin, `app-${String(counter)}`);
  member = await sut.person(`member-${String(counter)}`, `maintainer@${app.id}`);
  opsRepoId = await follow({ repoUrl: `/opsadmin/vault-${String(counter)}.git` });
});

async function follow(body: { repoUrl: string; credentialSecret?: string }): Promise<string> {
  const name = newId('opsRepo');
  const made = await sut.call(admin, 'POST', '/api/v1/ops-repos', { name, ...body });
  expect(made.status).toBe(201);
  return (made.body as { id: string }).id;
}

const create = (who: TestAccount, more: object = {}) =>
  sut.call(who, 'POST', `${app.path}/deployments`, {
    imageRef: 'registry.example/app:1',
    manifestPath: 'apps/app',
    ...more,
  });
const idOf = ({ body }: { body: unknown }) => (body as { id: string }).id;
const rowOf = (id: string) =>
  sut.db.deployment.findUniqueOrThrow({
    where: { id },
    include: { opsRepo: true, project: { select: { name: true } } },
  });
const read = async (id: string) =>
  await findManifestSource({ db: sut.db, store: sut.services.gitStore }, await rowOf(id));
const letRead = (who: TestAccount) => grant(who, 'viewer', vault.id);

async function grant(who: TestAccount, role: string, projectId: string | null): Promise<void> {
  await bindTestRole(sut.db, who.id, role, projectId);
}

describe('an ops repository that is a private project of others', () => {
  it('is, for whoever may not read it, one that is not there: set up, changed to, or read at another path [A-SEC-04][A-DEP-04]', async () => {
    const unknown = await create(member, { opsRepoId: 'ops_nowhere' });
    expect(unknown).toMatchObject({ status: 400, body: { errors: [{ pointer: '/opsRepoId' }] } });
    const refused = await create(member, { opsRepoId });
    const strip = ({ body }: { body: unknown }) => ({ ...(body as object), requestId: '' });
    expect(strip(refused)).toEqual(strip(unknown));
    const own = idOf(await create(member));
    expect(await patch(member, own, { opsRepoId })).toMatchObject({ status: 400 });
    const pointed = idOf(await create(admin, { environment: 'staging', opsRepoId }));
    expect(await patch(member, pointed, { manifestPath: 'apps/other' })).toMatchObject({
      status: 400,
    });
    expect(await patch(member, pointed, { approvals: 1 })).toMatchObject({ status: 200 });
    expect(await rowOf(pointed)).toMatchObject({
      manifestPath: 'apps/app',
      opsRepoSetBy: admin.id,
    });
  });

  it('is read with the permission of whoever chose it, asked for each time [A-SEC-04][A-DEP-04]', async () => {
    await letRead(member);
    const id = idOf(await create(member, { opsRepoId }));
    expect(await rowOf(id)).toMatchObject({ opsRepoSetBy: member.id });
    // it is read, and empty
    await expect(read(id)).rejects.toMatchObject({ message: expect.stringMatching(/no branch/) });
    await sut.db.userRole.deleteMany({ where: { userId: member.id, projectId: vault.id } });
    const lost = new RegExp(`${member.name}, who chose it, does not hold project:read for it`);
    await expect(read(id)).rejects.toMatchObject({
      code: 'forbidden',
      message: expect.stringMatching(lost),
    });
    await sut.db.project.update({ where: { id: vault.id }, data: { visibility: 'internal' } });
    await expect(read(id)).rejects.toMatchObject({ message: expect.stringMatching(/no branch/) });
    await sut.db.user.update({ where: { id: member.id }, data: { isActive: false } });
    await expect(read(id)).rejects.toMatchObject({ code: 'forbidden' });
    expect(await patch(admin, id, { opsRepoId })).toMatchObject({ status: 200 });
    await expect(read(id)).rejects.toMatchObject({ message: expect.stringMatching(/no branch/) });
  });

  it('ends the rollout with the reason once that permission is lost, and what serves keeps serving [A-SEC-04][A-DEP-07]', async () => {
    await letRead(member);
    const id = idOf(await create(member, { opsRepoId }));
    const liveRevisionId = newId('deploymentRevision');
    await sut.db.deploymentRevision.create({
      data: {
        ...{ id: liveRevisionId, deploymentId: id, number: 1, contentKey: 'k', status: 'good' },
        ...{ imageRef: 'registry.example/app:1', manifestsRef: 'manifests/k' },
      },
    });
    await sut.db.deployment.update({ where: { id }, data: { liveRevisionId } });
    await sut.db.userRole.deleteMany({ where: { userId: member.id, projectId: vault.id } });
    const deps = {
      db: sut.db,
      gitStore: sut.services.gitStore,
      log: { warn: () => undefined },
    } as unknown as DeployActivityDeps;
    expect(await planSync(deps)({ deploymentId: id })).toMatchObject({
      kind: 'nothing',
      reason: expect.stringMatching(/does not hold project:read/),
    });
    expect(await rowOf(id)).toMatchObject({
      liveRevisionId,
      statusMessage: expect.stringMatching(/Somebody who may read it chooses it again/),
    });
    expect(await sut.db.deploymentSync.count({ where: { deploymentId: id } })).toBe(0);
  });

  it('is read at the path that a run chose within the limits of the credential that started it [A-SEC-04][A-DEP-04]', async () => {
    const id = idOf(await create(admin, { opsRepoId }));
    await expect(read(id)).rejects.toMatchObject({ message: expect.stringMatching(/no branch/) });
    const choose = async (manifestPath: string, only: string | null) => {
      const run = await sut.db.pipeline.create({
        data: {
          ...{ id: newId('pipeline'), number: (runs += 1), changeId: newId('change') },
          ...{ projectId: app.id, trigger: 'api', gitRef: 'refs/heads/main' },
          triggeredBy: admin.id,
          triggeredLimits: { ...unlimited, projectId: only },
        },
      });
      const plan = { environment: 'production', target: null, manifestPath, approvals: 0 };
      const times = { bakeMs: 0, healthTimeoutMs: 1000 };
      const wanted = { plan: { ...plan, ...times } as DeployPlan, artifactId: null };
      await inTransaction(sut.db, (tx) =>
        declareDeployments(tx, run, [{ ...wanted, imageRef: 'registry.example/app:2' }]),
      );
    };
    await choose('apps/other', app.id);
    await expect(read(id)).rejects.toMatchObject({
      code: 'forbidden',
      message: expect.stringMatching(/opsadmin, who chose it, does not hold project:read for it/),
    });
    await choose('apps/third', null);
    await expect(read(id)).rejects.toMatchObject({ message: expect.stringMatching(/no branch/) });
  });

  it('needs nothing more where it is the project itself, or can be fetched by anybody; with a credential it needs deploy:read everywhere [A-SEC-04]', async () => {
    const own = await follow({ repoUrl: `/opsadmin/app-${String(counter)}.git` });
    expect(await create(member, { opsRepoId: own })).toMatchObject({ status: 201 });
    const open = await follow({ repoUrl: 'https://git.example/a/b' });
    const staging = { environment: 'staging' };
    const id = idOf(await create(member, { ...staging, opsRepoId: open }));
    await sut.db.opsRepo.update({ where: { id: open }, data: { credentialSecret: 'TOKEN' } });
    await expect(read(id)).rejects.toMatchObject({
      message: expect.stringMatching(/does not hold deploy:read/),
    });
    expect(await patch(member, id, { opsRepoId: open })).toMatchObject({ status: 400 });
    await grant(member, 'viewer', null);
    expect(await patch(member, id, { opsRepoId: open })).toMatchObject({ status: 200 });
  });
});

describe('an ops repository that is changed to lie elsewhere', () => {
  const move = (who: TestAccount, body: object) =>
    sut.call(who, 'PATCH', `/api/v1/ops-repos/${opsRepoId}`, body);
  /** may change ops repositories, and reads no project */
  const mayDeploy = async () => {
    const made = await sut.person(`deployer-${String(counter)}`);
    for (const name of ['deploy:write', 'deploy:read']) {
      const permission = await sut.db.permission.findUniqueOrThrow({ where: { name } });
      const who = { delegatorId: admin.id, delegateId: made.id, permissionId: permission.id };
      await sut.db.delegation.create({ data: { id: newId('delegation'), ...who } });
    }
    return made;
  };

  it('is refused to whoever may not read there, as one that is not there: address, branch and path [A-SEC-04][A-DEP-04]', async () => {
    const id = idOf(await create(admin, { opsRepoId }));
    const deployer = await mayDeploy();
    const secret = await sut.project(admin, `secret-${String(counter)}`, { visibility: 'private' });
    const unknown = await move(deployer, { repoUrl: '/opsadmin/nowhere.git' });
    expect(unknown).toMatchObject({ status: 400, body: { errors: [{ pointer: '/repoUrl' }] } });
    const strip = ({ body }: { body: unknown }) => ({ ...(body as object), requestId: '' });
    const there = { repoUrl: `/opsadmin/secret-${String(counter)}.git` };
    for (const body of [there, { branch: 'other' }, { path: 'other' }])
      expect(strip(await move(deployer, body))).toEqual(strip(unknown));
    expect(await move(deployer, { syncIntervalS: 70 })).toMatchObject({ status: 200 });
    expect(await rowOf(id)).toMatchObject({
      opsRepoSetBy: admin.id,
      opsRepo: { repoUrl: `/opsadmin/vault-${String(counter)}.git`, branch: 'main', path: '/' },
    });
    await grant(deployer, 'viewer', secret.id);
    expect(await move(deployer, there)).toMatchObject({ status: 200 });
  });

  it('is read by leave of whoever changed it, within the limits of their credential, by all that follow it [A-SEC-04][A-DEP-04]', async () => {
    const served = idOf(await create(admin, { opsRepoId }));
    const stopped = idOf(await create(admin, { environment: 'staging', opsRepoId }));
    await sut.db.deployment.update({ where: { id: stopped }, data: { desiredStatus: 'stopped' } });
    const mover = await mayDeploy();
    await letRead(mover);
    expect(await move(mover, { path: 'other' })).toMatchObject({ status: 200 });
    for (const id of [served, stopped])
      expect(await rowOf(id)).toMatchObject({ opsRepoSetBy: mover.id });
    await expect(read(served)).rejects.toMatchObject({
      message: expect.stringMatching(/no branch/),
    });
    await sut.db.userRole.deleteMany({ where: { userId: mover.id } });
    for (const id of [served, stopped])
      await expect(read(id)).rejects.toMatchObject({
        code: 'forbidden',
        message: expect.stringMatching(/who chose it, does not hold project:read for it/),
      });
    const scopes = ['deploy:write', 'project:read'];
    const made = await sut.call(admin, 'POST', '/api/v1/tokens', {
      name: 'mover',
      scopes,
    });
    expect(made.status).toBe(201);
    const { token } = made.body as { token: string };
    expect(await move({ ...admin, token }, { branch: 'other' })).toMatchObject({ status: 200 });
    expect(await rowOf(served)).toMatchObject({
      opsRepoSetBy: admin.id,
      opsRepoSetLimits: { scopes: expect.arrayContaining(scopes) },
    });
  });
});

async function patch(who: TestAccount, id: string, body: object) {
  return await sut.call(who, 'PATCH', `/api/v1/deployments/${id}`, body);
}
