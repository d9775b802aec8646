import { afterAll, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import type { DeployActivityDeps } from '../../activities/deploy/deps.ts';
import { planSync } from '../../activities/deploy/plan-sync.ts';
import type { Manifest } from '../../contracts/deploy/manifest.ts';
import { newId } from '../../domain/shared/new-id.ts';
import { deploySecrets } from '../../workers/deploy-secrets.ts';
import {
  type AppUnderTest,
  openAppUnderTest,
  type TestAccount,
} from '../support/app-under-test.ts';
import { createMemoryStore } from '../support/memory-store.ts';

jest.setTimeout(120_000);

let sut: AppUnderTest;
let admin: TestAccount;
let stranger: TestAccount;
let project: { id: string; path: string };
let deploymentId: string;
let counter = 0;

beforeAll(async () => {
  sut = await openAppUnderTest();
  admin = await sut.person('partsadmin', 'admin');
  stranger = await sut.person('partsstranger');
});
afterAll(() => sut.stop());

beforeEach(async () => {
  project = await sut.project(admin, `parts-${String((counter += 1))}`);
  const secret = { value: 'canary-one', scope: 'deploy' };
  await sut.call(admin, 'PUT', `${project.path}/secrets/API_KEY`, secret);
  deploymentId = newId('deployment');
  await sut.db.deployment.create({
    data: { id: deploymentId, projectId: project.id, imageRef: 'registry.example/app:1' },
  });
});

let clock = Date.now();
/** A second after what was made before. */
const later = () => new Date((clock += 1000));

const refusal = {
  code: 'secret_unavailable',
  message: expect.stringContaining('partsstranger') as unknown,
};

/** Commits here are names only: each stands for itself. */
const git = {
  commitsWithout: (_repoPath: string, { sha }: { sha: string }) => Promise.resolve([sha]),
};
const secretsBy = (of: Parameters<typeof deploySecrets>[2] = git) =>
  deploySecrets(sut.db, sut.services.secretBox, of);

/** Moves main of a project as somebody who may use its secrets if it is the admin. */
async function movedMain(projectId: string, who: TestAccount, newSha: string) {
  const updates = [{ ref: 'refs/heads/main', oldSha: '0'.repeat(40), newSha }];
  const made = { id: newId('push'), changeId: newId('change'), createdAt: later() };
  await sut.db.push.create({
    data: { ...made, projectId, pusherId: who.id, withSecrets: who === admin, updates },
  });
}

const active = (columns: object) =>
  sut.db.deployment.update({
    where: { id: deploymentId },
    data: columns,
  });

/** Begins a sync that brings what lies at a commit. */
async function brings(sourceSha: string) {
  const number = (await sut.db.deploymentSync.count({ where: { deploymentId } })) + 1;
  const revision = await sut.db.deploymentRevision.create({
    data: {
      ...{ id: newId('deploymentRevision'), deploymentId, number, contentKey: String(number) },
      ...{ imageRef: 'registry.example/app:1', manifestsRef: `manifests/${String(number)}.json` },
    },
  });
  await sut.db.deploymentSync.create({
    data: {
      ...{ id: newId('deploymentSync'), deploymentId, projectId: project.id, number, sourceSha },
      ...{ generation: number, revisionId: revision.id, action: 'deploy' },
    },
  });
}

const planned = () => secretsBy().versions('newest', deploymentId, ['API_KEY']);
const given = () => secretsBy().values(deploymentId, ['API_KEY'], new Map());

/** Reads all of a Secret that an earlier rollout left on the target, and names no secret of the project itself. */
const reader: Manifest = {
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'reader' },
  spec: {
    template: {
      spec: { containers: [{ name: 'reader', envFrom: [{ secretRef: { name: 'keys' } }] }] },
    },
  },
};

/** Plans a rollout of the reader, as it lies at a commit. */
async function planReader(sha: string) {
  const deps = {
    db: sut.db,
    store: createMemoryStore(),
    gitStore: { resolveCommit: () => Promise.resolve(sha) },
    manifestFiles: {
      read: () => Promise.resolve({ files: new Map(), binaries: new Map(), unread: [] }),
    },
    render: () => Promise.resolve([reader]),
    target: { list: () => Promise.resolve([]) },
    secrets: secretsBy(),
  } as unknown as DeployActivityDeps;
  await active({ generation: { increment: 1 } });
  return await planSync(deps)({ deploymentId });
}

describe('secrets of what a deployment is made of', () => {
  it('are not read by what names none: nothing of somebody without secret:read is rolled out beside those that it holds [A-SEC-04]', async () => {
    const [head, next] = ['b'.repeat(40), 'c'.repeat(40)];
    await movedMain(project.id, admin, head);
    await movedMain(project.id, stranger, next);
    expect(await planReader(next)).toMatchObject({ kind: 'planned' });
    await active({ commitSha: head });
    expect(await planReader(head)).toMatchObject({ kind: 'planned' });
    expect((await given()).size).toBe(1);
    const refused = {
      kind: 'nothing',
      reason: expect.stringContaining('partsstranger') as unknown,
    };
    await active({ commitSha: next });
    expect(await planReader(next)).toMatchObject(refused);
    // Rendered from the head of the default branch, which is another one by the time that it is asked after.
    await sut.db.gitRef.create({
      data: { projectId: project.id, name: 'refs/heads/main', sha: head },
    });
    await active({ commitSha: null });
    expect(await planReader(next)).toMatchObject(refused);
    expect(await planReader(head)).toMatchObject({ kind: 'planned' });
    await movedMain(project.id, admin, next);
    expect(await planReader(next)).toMatchObject({ kind: 'planned' });
    await sut.db.secret.updateMany({
      where: { projectId: project.id },
      data: { isProtected: true },
    });
    expect(await planReader(next)).toMatchObject({
      kind: 'nothing',
      reason: expect.stringContaining('API_KEY is protected') as unknown,
    });
  });

  it('go to no deployment whose manifests somebody pushed without secret:read, to the default branch or to an ops repository [A-SEC-04]', async () => {
    const [head, next] = ['b'.repeat(40), 'c'.repeat(40)];
    const ref = 'refs/heads/main';
    await sut.db.gitRef.create({ data: { projectId: project.id, name: ref, sha: head } });
    await active({});
    await movedMain(project.id, admin, head);
    expect((await planned()).size).toBe(1);
    await movedMain(project.id, stranger, next);
    const at = { projectId_name: { projectId: project.id, name: ref } };
    await sut.db.gitRef.update({ where: at, data: { sha: next } });
    await expect(planned()).rejects.toMatchObject(refusal);

    const ops = await sut.project(admin, `ops-${String(counter)}`);
    const { name, owner } = await sut.db.project.findUniqueOrThrow({
      where: { id: ops.id },
      include: { owner: true },
    });
    const repoUrl = `/${owner.name}/${name}.git`;
    const opsRepo = { id: newId('opsRepo'), name: `ops-${String(counter)}`, repoUrl };
    const { id: opsRepoId } = await sut.db.opsRepo.create({ data: opsRepo });
    await active({ opsRepoId, adoptedSha: head });
    await movedMain(ops.id, stranger, head);
    await expect(planned()).rejects.toMatchObject(refusal);
    // Another head since changes nothing in what is being brought.
    await movedMain(ops.id, admin, next);
    await sut.db.deployment.update({ where: { id: deploymentId }, data: { adoptedSha: next } });
    await brings(head);
    await expect(given()).rejects.toMatchObject(refusal);
    await brings(next);
    expect((await given()).size).toBe(1);
  });

  it('go to no image of a run that somebody pushed without secret:read, unless a run that may have them stored the same [A-SEC-04]', async () => {
    const image = { name: 'app', sha256: 'a'.repeat(64) };
    const stored = async (number: number, commitSha: string) => {
      const id = newId('pipeline');
      const run = { id, number, projectId: project.id, changeId: newId('change'), commitSha };
      await sut.db.pipeline.create({
        data: { ...run, trigger: 'push', gitRef: 'refs/heads/topic', status: 'success' },
      });
      const file = { stepName: 'build', path: 'app.tar', minioPath: 'artifacts/app', ...image };
      await sut.db.artifact.create({ data: { id: newId('artifact'), pipelineId: id, ...file } });
    };
    const [head, other] = ['b'.repeat(40), 'c'.repeat(40)];
    await movedMain(project.id, admin, head);
    await active({ commitSha: head, imageRef: `artifact:app@sha256:${image.sha256}` });
    await stored(1, other);
    await movedMain(project.id, stranger, other);
    await expect(planned()).rejects.toMatchObject(refusal);
    await stored(2, head);
    expect((await planned()).size).toBe(1);
  });

  it('go to what a rollback goes back to by the commit of that revision, not by the one that was desired since [A-SEC-04]', async () => {
    const [good, next] = ['b'.repeat(40), 'c'.repeat(40)];
    await movedMain(project.id, admin, good);
    await movedMain(project.id, stranger, next);
    const revisionOf = async (number: number, commitSha: string) => {
      const id = newId('deploymentRevision');
      await sut.db.deploymentRevision.create({
        data: {
          ...{ id, deploymentId, number, contentKey: `of-${String(number)}`, commitSha },
          ...{ imageRef: 'registry.example/app:1', manifestsRef: `manifests/of-${String(number)}` },
        },
      });
      return id;
    };
    const [first, second] = [await revisionOf(101, good), await revisionOf(102, next)];
    await active({ commitSha: next });
    await expect(planned()).rejects.toMatchObject(refusal);
    await active({ desiredStatus: 'rollback', pinnedRevisionId: first });
    expect((await planned()).size).toBe(1);
    expect((await given()).size).toBe(1);
    await active({ desiredStatus: 'stopped', liveRevisionId: first });
    expect((await given()).size).toBe(1);
    await active({ desiredStatus: 'rollback', pinnedRevisionId: second, commitSha: good });
    await expect(planned()).rejects.toMatchObject(refusal);
  });

  it('are kept back by no push of another branch, however many commits the project has [A-SEC-04]', async () => {
    const [head, other] = ['b'.repeat(40), 'c'.repeat(40)];
    await movedMain(project.id, stranger, other);
    await movedMain(project.id, admin, head);
    await active({ commitSha: head });
    const holds = new Set([head]);
    const large = {
      commitsWithout: (_path: string, asked: { sha: string; without: readonly string[] }) =>
        Promise.resolve(asked.without.includes(head) && holds.has(asked.sha) ? [] : null),
    };
    const asked = () => secretsBy(large).values(deploymentId, ['API_KEY'], new Map());
    expect((await asked()).size).toBe(1);
    holds.add(other);
    await expect(asked()).rejects.toMatchObject(refusal);
  });
});
