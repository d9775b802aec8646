import {
  afterAll,
  afterEach,
  beforeAll,
  beforeEach,
  describe,
  expect,
  it,
  jest,
} from '@jest/globals';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { createSecretBox } from '../../adapters/secret-box/secret-box.ts';
import { createHostResolver } from '../../adapters/http/resolve-host.ts';
import { mirrorPath, type MirrorStore } from '../../contracts/git/mirror.ts';
import type { GitStore } from '../../contracts/git/store.ts';
import { findManifestSource } from '../../domain/deploy/manifest-source.ts';
import { readManifestFiles } from '../../domain/deploy/read-manifest-files.ts';
import { adoptOwnAddresses } from '../../domain/deploy/maintain-ops-repos.ts';
import { newId } from '../../domain/shared/new-id.ts';
import type { AppUnderTest, TestAccount } from '../support/app-under-test.ts';
import { childrenLike } from '../support/faulty-git.ts';
import { type ForeignGit, openForeignGit } from '../support/foreign-git.ts';
import { type ForeignOps, openForeignOps } from '../support/foreign-ops.ts';
import type { WorkTree } from '../support/git-client.ts';

jest.setTimeout(240_000);

const canary = 'canary-4711-of-the-foreign-server';
const never = new AbortController().signal;

let ops: ForeignOps;
let sut: AppUnderTest;
let admin: TestAccount;
let store: GitStore;
let mirrors: MirrorStore;
let foreign: ForeignGit;
let tree: WorkTree;
let name: string;

beforeAll(async () => {
  ops = await openForeignOps();
  ({ sut, admin, store, mirrors } = ops);
});
afterAll(() => ops.stop());
beforeEach(async () => {
  await ops.begin();
  ({ foreign, tree, name } = ops);
});
afterEach(() => ops.end());

describe('a foreign ops repository', () => {
  it('is mirrored with the head of its branch and nothing else, and rendered from there [A-DEP-04] [A-DEP-05]', async () => {
    await ops.push({ 'apps/app/values.yaml': 'replicas: 1\n' });
    const second = await ops.push({ 'apps/app/values.yaml': 'replicas: 2\n' });
    await tree.git('push', '--quiet', 'origin', 'HEAD:refs/heads/other', 'HEAD:refs/tags/v1');
    const id = await ops.follow();
    expect(await ops.shown(id)).toMatchObject({ kind: 'foreign', headSha: null, fetchedAt: null });
    expect(await ops.fetchNow(id)).toEqual({ sha: second });
    expect(await ops.shown(id)).toMatchObject({
      headSha: second,
      fetchedAt: expect.any(String),
      fetchError: null,
    });
    const repoPath = mirrorPath(id);
    expect(await store.listRefs(repoPath)).toEqual([{ ref: 'refs/heads/followed', sha: second }]);
    expect(await store.log(repoPath, { sha: second, path: '', skip: 0, limit: 9 })).toHaveLength(1);
    const third = await ops.push({ 'apps/app/values.yaml': 'replicas: 3\n' });
    await ops.fetchNow(id);
    const read = async (sha: string) =>
      (await readManifestFiles(store, repoPath, sha, 'apps/app')).files;
    expect((await read(third)).get('values.yaml')).toBe('replicas: 3\n');
    expect((await read(second)).get('values.yaml')).toBe('replicas: 2\n');
    const source = await findManifestSource({ db: sut.db, store }, await ops.deploymentOf(id));
    expect(source).toEqual({ repoPath, sha: third, folder: 'apps/app', opsRepoSha: third });
  });

  it('is served to nobody, and no project can have its path [A-DEP-04]', async () => {
    await ops.push({ a: 'a' });
    const id = await ops.follow();
    await ops.fetchNow(id);
    const at = `/${mirrorPath(id)}/info/refs?service=git-upload-pack`;
    expect((await sut.call(admin, 'GET', at)).status).toBe(404);
    for (const odd of ['.ops/../x.git', '.ops/ops_1.git', '.ops/a/b.git', '.new/x.git']) {
      await expect(store.resolveCommit(odd, 'main')).rejects.toMatchObject({
        code: 'validation_failed',
      });
    }
  });

  it('follows a branch that was rewritten, and one whose name lies below the other [A-DEP-04]', async () => {
    await ops.push({ a: 'a' });
    const id = await ops.follow();
    await ops.fetchNow(id);
    await tree.git('commit', '--quiet', '--amend', '--allow-empty', '-m', 'rewritten');
    await tree.git('push', '--quiet', '--force', 'origin', 'HEAD:main');
    const rewritten = (await tree.git('rev-parse', 'HEAD')).trim();
    expect(await ops.fetchNow(id)).toEqual({ sha: rewritten });
    const follows = (branch: string) =>
      sut.call(admin, 'PATCH', `/api/v1/ops-repos/${id}`, { branch });
    await tree.git('push', '--quiet', 'origin', 'HEAD:refs/heads/live');
    await follows('live');
    expect(await ops.shown(id)).toMatchObject({ headSha: null, fetchedAt: null });
    expect(await ops.fetchNow(id)).toEqual({ sha: rewritten });
    const below = await ops.push({ a: 'b' });
    await tree.git('push', '--quiet', 'origin', ':live');
    await tree.git('push', '--quiet', 'origin', 'HEAD:refs/heads/live/main');
    await follows('live/main');
    expect(await ops.fetchNow(id)).toEqual({ sha: below });
  });

  it('is read with the credential of a global secret, which is nowhere else; its reading is audited once a version [A-DEP-04] [A-SEC-05]', async () => {
    const head = await ops.push({ a: 'a' });
    foreign.password = `robot:${canary}`;
    await sut.call(admin, 'PUT', '/api/v1/secrets/OPS_TOKEN', {
      value: `robot:${canary}\n`,
      scope: 'deploy',
    });
    const id = await ops.follow({ credentialSecret: 'OPS_TOKEN' });
    const lines: number[] = [];
    foreign.onRequest = async () => {
      lines.push((await childrenLike(name)).length, (await childrenLike(canary)).length);
      lines.push(
        (await childrenLike(Buffer.from(foreign.password ?? '').toString('base64'))).length,
      );
    };
    expect(await ops.fetchNow(id)).toEqual({ sha: head });
    await ops.fetchNow(id);
    expect(lines.length).toBeGreaterThan(0);
    for (let at = 0; at < lines.length; at += 3) {
      expect(lines[at]).toBeGreaterThan(0);
      expect(lines.slice(at + 1, at + 3)).toEqual([0, 0]);
    }
    const reads = () =>
      sut.db.auditEntry.findMany({
        where: { action: 'secret.read', detail: { path: ['id'], equals: id } },
      });
    expect(await reads()).toMatchObject([
      { detail: { name: 'OPS_TOKEN', version: 1, consumer: 'deploy', kind: 'ops_repo' } },
    ]);
    // A bare token goes with any name.
    foreign.password = `git:${canary}-2`;
    await sut.call(admin, 'PUT', '/api/v1/secrets/OPS_TOKEN', { value: `${canary}-2` });
    expect(await ops.fetchNow(id)).toEqual({ sha: head });
    expect(await reads()).toHaveLength(2);
    await expectNoCanary(id);
  });

  it('says plainly that a credential is wrong, missing, or for something else, and keeps the last commit [A-DEP-04]', async () => {
    const head = await ops.push({ a: 'a' });
    const set = (value: string, scope: string) =>
      sut.call(admin, 'PUT', '/api/v1/secrets/OPS_WRONG', { value, scope });
    await set(`robot:${canary}`, 'all');
    const id = await ops.follow({ credentialSecret: 'OPS_WRONG' });
    await ops.fetchNow(id);
    foreign.password = 'robot:another';
    const errorAfter = async () => {
      await ops.fetchNow(id);
      const { fetchError, headSha } = await ops.shown(id);
      expect(headSha).toBe(head);
      return fetchError;
    };
    expect(await errorAfter()).toMatch(/does not take the credential/);
    await set(`robot:${canary}\nx: y`, 'all');
    expect(await errorAfter()).toMatch(/OPS_WRONG holds blanks or line breaks/);
    await set(`robot:${canary}`, 'pipeline');
    expect(await errorAfter()).toMatch(/OPS_WRONG has scope pipeline: expected deploy or all/);
    await set(`robot:${canary}`, 'all');
    const bytes = Buffer.alloc(32, 9);
    const sealed = createSecretBox({ kind: 'key', bytes, origin: 'configured' });
    expect(await ops.fetchNow(id, { secretBox: sealed })).toEqual({
      error: expect.stringContaining('sealed'),
    });
    await sut.call(admin, 'DELETE', '/api/v1/secrets/OPS_WRONG');
    expect(await errorAfter()).toMatch(/there is no global secret OPS_WRONG/);
    await sut.call(admin, 'PATCH', `/api/v1/ops-repos/${id}`, { credentialSecret: null });
    expect(await errorAfter()).toMatch(/asks for a credential/);
    const source = await findManifestSource({ db: sut.db, store }, await ops.deploymentOf(id));
    expect(source.sha).toBe(head);
    await expectNoCanary(id);
  });

  it('takes no credential of somebody who may not use global secrets, nor one that is not there [A-DEP-04]', async () => {
    await sut.call(admin, 'PUT', '/api/v1/secrets/OPS_MINE', { value: canary, scope: 'deploy' });
    const deployer = await sut.person(`deployer-${name}`);
    await sut.call(admin, 'POST', '/api/v1/roles', {
      name: deployer.name,
      description: 'deploys, and reads no secret',
      permissions: ['deploy:write', 'deploy:read'],
    });
    await sut.call(admin, 'POST', '/api/v1/role-bindings', {
      user: deployer.name,
      role: deployer.name,
    });
    const body = { name, repoUrl: ops.url() };
    expect((await ops.post({ ...body, credentialSecret: 'OPS_MINE' }, deployer)).status).toBe(403);
    expect((await ops.post({ ...body, credentialSecret: 'OPS_NONE' })).status).toBe(422);
    const id = await ops.follow({ credentialSecret: 'OPS_MINE' });
    // Nor may they send it elsewhere.
    const change = (changes: object) =>
      sut.call(deployer, 'PATCH', `/api/v1/ops-repos/${id}`, changes);
    expect((await change({ repoUrl: `${foreign.url}/else.git` })).status).toBe(403);
    expect((await change({ syncIntervalS: 30 })).status).toBe(200);
    const hosted = { name: `${name}-here`, repoUrl: '/a/b.git', credentialSecret: 'OPS_MINE' };
    expect((await ops.post(hosted)).body).toMatchObject({
      errors: [{ pointer: '/credentialSecret' }],
    });
  });
});

async function expectNoCanary(id: string): Promise<void> {
  const config = await readFile(
    path.join(sut.services.config.home, 'repositories', mirrorPath(id), 'config'),
    'utf8',
  );
  const everything = JSON.stringify([
    config,
    ops.logged,
    sut.errors,
    await sut.db.opsRepo.findMany(),
    await sut.db.event.findMany({ omit: { xid: true, seq: true } }),
    await sut.db.auditEntry.findMany({ omit: { seq: true } }),
  ]);
  for (const form of [canary, Buffer.from(`robot:${canary}`).toString('base64')]) {
    expect(everything).not.toContain(form);
  }
}

describe('where a foreign ops repository may lie', () => {
  it.each([
    ['https://10.0.0.1/ops.git', /public address/],
    ['https://[::1]/ops.git', /public address/],
    ['https://169.254.169.254/ops.git', /public address/],
    ['http://git.example.test/ops.git', /expected https/],
    [`https://ann:${canary}@git.example.test/ops.git`, /credentialSecret/],
    ['ssh://git@git.example.test/ops.git', /ssh, git and file/],
  ])('is not %s [A-DEP-04]', async (repoUrl, expected) => {
    const answer = await ops.post({ name, repoUrl });
    expect(answer.status).toBe(400);
    expect(answer.body).toMatchObject({
      errors: [{ pointer: '/repoUrl', detail: expect.stringMatching(expected) }],
    });
    expect(JSON.stringify(answer.body)).not.toContain(canary);
  });

  it('is not this platform under its own address: that is the project here, also for what was stored before [A-DEP-04]', async () => {
    const { host, port } = sut.services.config.server;
    const own = `http://${host}:${String(port)}`;
    const made = await ops.post({ name, repoUrl: `${own}/acme/ops.git` });
    expect(made.body).toMatchObject({ kind: 'hosted', repoUrl: '/acme/ops.git' });
    const rows = [`${own}/acme/old.git`, 'https://git.example.test/acme/old.git'];
    for (const [at, repoUrl] of rows.entries()) {
      const id = newId('opsRepo');
      await sut.db.opsRepo.create({ data: { id, name: `${name}-${String(at)}`, repoUrl } });
    }
    await adoptOwnAddresses(sut.db, own);
    const kept = await sut.db.opsRepo.findMany({ orderBy: { name: 'asc' } });
    expect(kept.map(({ repoUrl }) => repoUrl).sort()).toEqual([
      '/acme/old.git',
      '/acme/ops.git',
      'https://git.example.test/acme/old.git',
    ]);
  });

  it('is judged by the address that its name has, and the name is bound to that address [A-DEP-04]', async () => {
    const head = await ops.push({ a: 'a' });
    const asked: string[] = [];
    const lookup = (host: string) => {
      asked.push(host);
      return Promise.resolve(['127.0.0.1']);
    };
    // A name that no other resolver knows: whoever reaches it does so by the address that was judged.
    const url = `http://pinned.example.test:${String(foreign.port)}/${name}.git`;
    const source = { url, branch: 'main', credential: null };
    const id = newId('opsRepo');
    const allowed = ops.mirrorStore({ resolveHost: createHostResolver(['127.0.0.0/8'], lookup) });
    expect(await allowed.fetch(id, source, never)).toBe(head);
    expect(asked).toEqual(['pinned.example.test']);
    const before = foreign.requests.length;
    const refusing = ops.mirrorStore({ resolveHost: createHostResolver([], lookup) });
    await expect(refusing.fetch(id, source, never)).rejects.toThrow(/not a public address/);
    expect(foreign.requests).toHaveLength(before);
    await mirrors.remove(id);
  });

  it('is not where a redirect leads [A-DEP-04]', async () => {
    await ops.push({ a: 'a' });
    const inner = await openForeignGit();
    const id = await ops.follow();
    foreign.mode = 302;
    foreign.headers = { location: `${inner.url}/${name}.git/info/refs?service=git-upload-pack` };
    await ops.fetchNow(id);
    expect((await ops.shown(id))['fetchError']).toMatch(/redirect, which is not followed/);
    expect(inner.requests).toEqual([]);
    await inner.close();
  });

  it('sends no more than fits, and leaves nothing of what did not [A-DEP-04]', async () => {
    const noise = Array.from({ length: 40_000 }, () => Math.random().toString(36).slice(2)).join(
      '',
    );
    await ops.push({ noise: noise.repeat(1) });
    const id = await ops.follow();
    foreign.slowMs = 300;
    await ops.fetchNow(id, { mirrors: ops.mirrorStore({ maxBytes: 100_000 }) });
    expect((await ops.shown(id))['fetchError']).toMatch(/more than 0 MiB for one commit/);
    foreign.slowMs = 0;
    expect(await ops.fetchNow(id)).toHaveProperty('sha');
  });
});
