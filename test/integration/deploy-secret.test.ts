import { afterAll, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import type { DeployActivityDeps } from '../../activities/deploy/deps.ts';
import { planSync } from '../../activities/deploy/plan-sync.ts';
import { stampSecrets } from '../../activities/deploy/prepare-manifest.ts';
import { createSecretBox, sealedBox } from '../../adapters/secret-box/secret-box.ts';
import { createPayloadCodec } from '../../adapters/temporal/payload-codec.ts';
import type { Manifest } from '../../contracts/deploy/manifest.ts';
import type { SecretBox } from '../../contracts/secret/types.ts';
import { forgetDeployment } from '../../domain/deploy/forget-deployment.ts';
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
const store = createMemoryStore();

const manifests: Manifest[] = [
  {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 'keys' },
    stringData: { key: '${{ secrets.API_KEY }}' },
  },
];

beforeAll(async () => {
  sut = await openAppUnderTest();
  admin = await sut.person('leaseadmin', 'admin');
  stranger = await sut.person('leasestranger');
});
afterAll(() => sut.stop());

beforeEach(async () => {
  project = await sut.project(admin, `leased-${String((counter += 1))}`);
  await put('canary-one');
  deploymentId = await deployment({});
});

const put = (value: string, more: object = {}) =>
  sut.call(admin, 'PUT', `${project.path}/secrets/API_KEY`, { value, scope: 'deploy', ...more });

/** A deployment that is to go to a revision that refers to a secret. */
async function deployment(columns: { mergeRequestId?: string; environment?: string }) {
  const id = newId('deployment');
  await sut.db.deployment.create({
    data: { id, projectId: project.id, imageRef: 'registry.example/app:1', ...columns },
  });
  const manifestsRef = `manifests/${id}.json`;
  await store.put(manifestsRef, Buffer.from(JSON.stringify(manifests)), {
    contentType: 'application/json',
  });
  const revision = await sut.db.deploymentRevision.create({
    data: {
      id: newId('deploymentRevision'),
      deploymentId: id,
      number: 1,
      contentKey: 'one',
      imageRef: 'registry.example/app:1',
      manifestsRef,
      status: 'good',
      goodAt: new Date(),
    },
  });
  await sut.db.deployment.update({
    where: { id },
    data: { desiredStatus: 'rollback', pinnedRevisionId: revision.id },
  });
  return id;
}

let clock = Date.now();
/** A second after what was made before. */
const later = () => new Date((clock += 1000));

/** A preview of the commit `bbb…`, of a merge request from `topic-<number>` that is opened after what is pushed `before`. */
async function previewOf(author: TestAccount, number: number, before?: () => Promise<void>) {
  await before?.();
  const { id: mergeRequestId } = await sut.db.mergeRequest.create({
    data: {
      id: newId('mergeRequest'),
      projectId: project.id,
      number,
      authorId: author.id,
      sourceBranch: `topic-${String(number)}`,
      targetBranch: 'main',
      title: 'topic',
      headSha: 'b'.repeat(40),
      changeId: newId('change'),
      createdAt: later(),
    },
  });
  const id = await deployment({ mergeRequestId, environment: 'preview' });
  await sut.db.deployment.update({ where: { id }, data: { commitSha: 'b'.repeat(40) } });
  return id;
}

/** Moves `topic-<number>` from one commit to another, each told by its one letter; 0 is none. */
async function pushed(number: number, who: TestAccount | null, to: string, from = '0') {
  const ref = `refs/heads/topic-${String(number)}`;
  const updates = [{ ref, oldSha: from.repeat(40), newSha: to.repeat(40) }];
  await sut.db.push.create({
    data: {
      id: newId('push'),
      projectId: project.id,
      pusherId: who?.id ?? null,
      changeId: newId('change'),
      createdAt: later(),
      updates,
    },
  });
}

const given = (preview: string) => secretsBy().values(preview, ['API_KEY'], new Map());
const refusal = (text: string) => ({
  code: 'secret_unavailable',
  message: expect.stringContaining(text) as unknown,
});

/** Commits here are names only: each stands for itself. */
const git = {
  commitsWithout: (_repoPath: string, { sha }: { sha: string }) => Promise.resolve([sha]),
};
const secretsBy = (box: SecretBox = sut.services.secretBox) => deploySecrets(sut.db, box, git);
const leases = () =>
  sut.db.secretLease.findMany({ where: { projectId: project.id }, orderBy: { version: 'asc' } });

async function plan(box: SecretBox) {
  const deps = { db: sut.db, store, secrets: secretsBy(box) } as unknown as DeployActivityDeps;
  return await planSync(deps)({ deploymentId });
}

describe('secrets of deployments', () => {
  it('are leased by version, once for each; a newer version ends the one before [A-SEC-05] [A-SEC-07]', async () => {
    const secrets = secretsBy();
    const given = await secrets.values(deploymentId, ['API_KEY'], new Map());
    expect(given.get('API_KEY')).toEqual({ value: 'canary-one', version: 1 });
    await secrets.values(deploymentId, ['API_KEY'], new Map());
    expect(await leases()).toMatchObject([
      { version: 1, ownerKind: 'deployment', ownerId: deploymentId, endedAt: null },
    ]);
    await put('canary-two');
    const held = await secrets.values(deploymentId, ['API_KEY'], new Map());
    expect(held.get('API_KEY')).toEqual({ value: 'canary-one', version: 1 });
    const newest = await secrets.values(deploymentId, ['API_KEY'], new Map([['API_KEY', 2]]));
    expect(newest.get('API_KEY')).toEqual({ value: 'canary-two', version: 2 });
    expect(await leases()).toMatchObject([
      { version: 1, endReason: 'newer_version' },
      { version: 2, endedAt: null },
    ]);
    const back = await secrets.values(deploymentId, ['API_KEY'], new Map([['API_KEY', 1]]));
    expect(back.get('API_KEY')).toEqual({ value: 'canary-one', version: 1 });
    const live = (await leases()).filter(({ endedAt }) => endedAt === null);
    expect(live).toMatchObject([{ version: 1 }]);
  });

  it('are leased and audited anew where another secret took the place of one, under the same name and version [A-SEC-07] [A-SEC-08]', async () => {
    await secretsBy().values(deploymentId, ['API_KEY'], new Map());
    await sut.call(admin, 'DELETE', `${project.path}/secrets/API_KEY`);
    await put('canary-other');
    const given = await secretsBy().values(deploymentId, ['API_KEY'], new Map());
    expect(given.get('API_KEY')).toEqual({ value: 'canary-other', version: 1 });
    const { id } = await sut.db.secret.findFirstOrThrow({ where: { projectId: project.id } });
    expect((await leases()).filter(({ endedAt }) => endedAt === null)).toMatchObject([
      { secretId: id, version: 1 },
    ]);
    const reads = { projectId: project.id, action: 'secret.read' };
    expect(await sut.db.auditEntry.count({ where: reads })).toBe(2);
  });

  it('end with their owner, with an audit row and no value in it [A-SEC-07] [A-SEC-08]', async () => {
    await secretsBy().values(deploymentId, ['API_KEY'], new Map());
    await forgetDeployment(sut.db, store, deploymentId);
    expect(await leases()).toMatchObject([{ endReason: 'owner_ended' }]);
    const rows = await sut.db.auditEntry.findMany({ where: { projectId: project.id } });
    expect(rows.map(({ action }) => action)).toEqual(
      expect.arrayContaining(['secret.read', 'secret.lease_ended']),
    );
    const texts = rows.map((row) => JSON.stringify({ ...row, seq: null }, bigintsAsText));
    expect(texts.join('\n')).not.toContain('canary');
  });

  it('are refused where they are meant for another environment or scope [A-SEC-02]', async () => {
    await put('canary-staging', { environment: 'staging' });
    const asked = secretsBy().versions('newest', deploymentId, ['API_KEY']);
    await expect(asked).rejects.toMatchObject({
      code: 'secret_unavailable',
      message: expect.stringContaining('meant for staging'),
    });
    await put('canary-pipeline', { environment: null, scope: 'pipeline' });
    await expect(secretsBy().values(deploymentId, ['API_KEY'], new Map())).rejects.toMatchObject({
      code: 'secret_unavailable',
    });
    expect(await leases()).toEqual([]);
  });

  it('go to no preview of somebody who may not use secrets, whoever opened it [A-SEC-04]', async () => {
    const foreign = await previewOf(stranger, 1);
    await pushed(1, admin, 'b');
    await expect(given(foreign)).rejects.toMatchObject(refusal('leasestranger'));
    const own = await previewOf(admin, 2);
    await pushed(2, admin, 'b');
    expect((await given(own)).size).toBe(1);
    await pushed(3, stranger, 'b');
    await expect(secretsBy().versions('newest', own, ['API_KEY'])).rejects.toMatchObject(
      refusal('leasestranger'),
    );
  });

  it('go to no preview with work of such a one below its head, also when the branch was made anew in between [A-SEC-04]', async () => {
    const below = await previewOf(admin, 1);
    await pushed(1, stranger, 'a', '0');
    await pushed(1, admin, 'b', 'a');
    await expect(given(below)).rejects.toMatchObject(refusal('leasestranger'));
    await sut.db.push.deleteMany({ where: { projectId: project.id } });
    await pushed(1, admin, 'c', '0');
    const remade = await previewOf(admin, 2, () => pushed(2, stranger, 'd', '0'));
    await pushed(2, stranger, '0', 'd');
    await pushed(2, admin, 'b', '0');
    await expect(given(remade)).rejects.toMatchObject(refusal('leasestranger'));
    // What somebody else once pushed to a branch of that name is not in it.
    await pushed(3, stranger, 'd', '0');
    await pushed(3, stranger, '0', 'd');
    const anew = await previewOf(admin, 3, () => pushed(3, admin, 'b', '0'));
    expect((await given(anew)).size).toBe(1);
  });

  it('go to no preview of a head that nobody is known to have pushed [A-SEC-04]', async () => {
    const unknown = await previewOf(admin, 1);
    await expect(given(unknown)).rejects.toMatchObject(refusal('nobody knows who pushed'));
    await pushed(1, null, 'a', '0');
    await pushed(1, admin, 'b', 'a');
    await expect(given(unknown)).rejects.toMatchObject(refusal('nobody knows who pushed'));
  });

  it('go to no lasting deployment of a commit that somebody brought without secret:read; what was pushed before that was noted stays [A-SEC-04]', async () => {
    // it is rolled back to this revision, and so judged by the commit of it
    await sut.db.deploymentRevision.updateMany({
      where: { deploymentId },
      data: { commitSha: 'b'.repeat(40) },
    });
    await pushed(1, stranger, 'b');
    expect((await given(deploymentId)).size).toBe(1);
    const noted = (withSecrets: boolean) =>
      sut.db.push.updateMany({ where: { projectId: project.id }, data: { withSecrets } });
    await noted(false);
    await expect(given(deploymentId)).rejects.toMatchObject(refusal('leasestranger'));
    await noted(true);
    expect((await given(deploymentId)).size).toBe(1);
  });

  it('that are protected go to no preview and no deployment of another branch than a protected one [A-SEC-04]', async () => {
    await put('canary-two', { isProtected: true });
    const preview = await previewOf(admin, 1);
    await pushed(1, admin, 'b');
    for (const one of [preview, deploymentId]) {
      await expect(given(one)).rejects.toMatchObject(refusal('is protected'));
    }
  });

  it('that are sealed end a sync before anything is written, say so once, and it goes on when the key is back [I3]', async () => {
    const wrong = createSecretBox({
      kind: 'key',
      bytes: Buffer.alloc(32, 9),
      origin: 'configured',
    });
    for (const box of [wrong, sealedBox('The master key is missing.'), wrong, wrong]) {
      expect(await plan(box)).toMatchObject({ kind: 'nothing', isSealed: true });
    }
    const row = await sut.db.deployment.findUniqueOrThrow({ where: { id: deploymentId } });
    expect(row).toMatchObject({
      observedGeneration: 0,
      currentStatus: 'failed',
      statusMessage: expect.stringContaining('sealed with another master key'),
    });
    expect(await sut.db.deploymentSync.count({ where: { deploymentId } })).toBe(0);
    expect(await leases()).toEqual([]);
    const told = await sut.db.event.count({
      where: { subjectId: deploymentId, type: 'deployment.failed' },
    });
    expect(told).toBe(3);
    expect(await plan(sut.services.secretBox)).toMatchObject({ kind: 'planned' });
  });

  it('roll the pods that read them when a version changes, and no others [A-SEC-05]', () => {
    const pod = (name: string, env: object[]): Manifest => ({
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name },
      spec: { template: { spec: { containers: [{ name, env }] } } },
    });
    const reading = pod('reads', [
      { name: 'KEY', valueFrom: { secretKeyRef: { name: 'keys', key: 'key' } } },
    ]);
    const other = pod('other', [{ name: 'KEY', value: 'plain' }]);
    stampSecrets([...manifests, reading, other], new Map([['API_KEY', 3]]));
    expect(JSON.stringify(reading)).toContain('"slipway.dev/secrets":"API_KEY@3"');
    expect(JSON.stringify(other)).not.toContain('slipway.dev/secrets');
  });

  it('seal what a workflow answers, also when it answers nothing [A-SEC-01]', async () => {
    const codec = createPayloadCodec(sut.services.secretBox);
    // as the SDK hands over the result of a workflow without one
    const empty = { metadata: {}, data: [] as unknown as Uint8Array };
    const [opened] = await codec.decode(await codec.encode([empty]));
    expect(opened?.data).toHaveLength(0);
  });
});

const bigintsAsText = (_key: string, value: unknown): unknown =>
  typeof value === 'bigint' ? String(value) : value;
