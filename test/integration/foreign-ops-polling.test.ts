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
import type { MirrorStore } from '../../contracts/git/mirror.ts';
import { claimFetch, claimFetches } from '../../domain/deploy/claim-fetches.ts';
import { fetchClaimed, fetchFirst } from '../../domain/deploy/fetch-ops-repo.ts';
import { findManifestSource } from '../../domain/deploy/manifest-source.ts';
import { retryWithCredential } from '../../domain/deploy/ops-repo-credential.ts';
import { sweepMirrors } from '../../domain/deploy/maintain-ops-repos.ts';
import type { OpsRepo } from '../../prisma/generated/client.ts';
import type { AppUnderTest, TestAccount } from '../support/app-under-test.ts';
import { holds } from '../support/eventually.ts';
import type { ForeignGit } from '../support/foreign-git.ts';
import { type ForeignOps, openForeignOps } from '../support/foreign-ops.ts';
import { pollOpsRepos } from '../../workers/poll-ops-repos.ts';

jest.setTimeout(240_000);

const never = new AbortController().signal;

let ops: ForeignOps;
let sut: AppUnderTest;
let admin: TestAccount;
let mirrors: MirrorStore;
let foreign: ForeignGit;
let name: string;

beforeAll(async () => {
  ops = await openForeignOps();
  ({ sut, admin, mirrors } = ops);
});
afterAll(() => ops.stop());
beforeEach(async () => {
  await ops.begin();
  ({ foreign, name } = ops);
});
afterEach(() => ops.end());

/** The next try is far away, however slow this machine is. */
const later = (id: string) =>
  sut.db.opsRepo.update({ where: { id }, data: { fetchAt: new Date(Date.now() + 3_600_000) } });

const eventsOf = async (subjectId: string) => {
  const rows = await sut.db.event.findMany({ where: { subjectId }, orderBy: { seq: 'asc' } });
  return rows.map(({ type }) => type);
};

describe('the tries of a foreign ops repository', () => {
  it('are one process each, due by its interval, and again when the process died [A-DEP-03] [A-DEP-04]', async () => {
    const ids: string[] = [];
    for (let n = 0; n < 6; n += 1) ids.push(await ops.follow({ name: `${name}-${String(n)}` }));
    await ops.post({ name: `${name}-here`, repoUrl: '/a/b.git' });
    const claim = (limit: number) => claimFetches(sut.db, limit);
    const both = await Promise.all([claim(4), claim(4)]);
    const all = [...both.flat(), ...(await claim(10))].map(({ id }) => id);
    expect(all.sort()).toEqual([...ids].sort());
    expect(await claim(10)).toEqual([]);
    const [first = ''] = ids;
    expect(await claimFetch(sut.db, first)).toBeNull();
    const past = new Date(Date.now() - 60_000);
    await sut.db.opsRepo.update({
      where: { id: first },
      data: { fetchHeldUntil: past, fetchAt: past },
    });
    expect(await claim(10)).toMatchObject([{ id: first }]);
  });

  it('stay with a process as long as it fetches, however long that takes [A-DEP-03] [A-DEP-04]', async () => {
    const head = await ops.push({ a: 'a' });
    const id = await ops.follow();
    foreign.onRequest = async () => {
      foreign.onRequest = () => Promise.resolve();
      const past = new Date(Date.now() - 1000);
      await sut.db.opsRepo.update({ where: { id }, data: { fetchHeldUntil: past } });
      await holds(async () => {
        const { fetchHeldUntil } = await sut.db.opsRepo.findUniqueOrThrow({ where: { id } });
        expect(fetchHeldUntil?.getTime()).toBeGreaterThan(past.getTime() + 10_000);
      });
    };
    expect(await ops.fetchNow(id)).toEqual({ sha: head });
  });

  it('come at once with a credential that somebody has just set [A-DEP-04]', async () => {
    const set = (value: string) =>
      sut.call(admin, 'PUT', '/api/v1/secrets/OPS_NEW', { value, scope: 'deploy' });
    await set('robot:wrong');
    foreign.password = 'robot:right';
    const head = await ops.push({ a: 'a' });
    const id = await ops.follow({ credentialSecret: 'OPS_NEW' });
    await ops.fetchNow(id);
    await later(id);
    await set('robot:right');
    const event = await sut.db.event.findFirstOrThrow({
      where: { type: 'secret.changed' },
      orderBy: { seq: 'desc' },
    });
    const payload = event.payload as Record<string, unknown>;
    await retryWithCredential(sut.db, { projectId: event.projectId, payload });
    const [claim] = await claimFetches(sut.db, 9);
    expect(await fetchClaimed(ops.deps(), claim ?? { id, holder: '' }, never)).toEqual({
      sha: head,
    });
  });

  it('tell once that they begin to fail and once that they work again, and are held back meanwhile unless somebody asks [A-DEP-04]', async () => {
    const first = await ops.push({ a: 'a' });
    const id = await ops.follow({ syncIntervalS: 3600 });
    await ops.fetchNow(id);
    const waitOf = async () => {
      const { fetchAt, triedAt } = await sut.db.opsRepo.findUniqueOrThrow({ where: { id } });
      return Math.round(((fetchAt?.getTime() ?? 0) - (triedAt?.getTime() ?? 0)) / 1000);
    };
    expect(await waitOf()).toBe(3600);
    foreign.mode = 'away';
    const waits: number[] = [];
    for (let n = 0; n < 3; n += 1) {
      await ops.fetchNow(id);
      waits.push(await waitOf());
    }
    expect(waits).toEqual([10, 20, 40]);
    expect(await ops.shown(id)).toMatchObject({ headSha: first, fetchError: expect.any(String) });
    await later(id);
    expect(await claimFetches(sut.db, 9)).toEqual([]);
    const asked = await sut.call(admin, 'POST', `/api/v1/ops-repos/${id}/fetch`);
    expect(asked.status).toBe(202);
    foreign.mode = 'up';
    await ops.push({ a: 'b' });
    const [claim] = await claimFetches(sut.db, 9);
    await fetchClaimed(ops.deps(), claim ?? { id, holder: '' }, never);
    expect(await ops.shown(id)).toMatchObject({ fetchError: null });
    expect(await eventsOf(id)).toEqual([
      'ops_repo.created',
      'ops_repo.moved',
      'ops_repo.unreachable',
      'ops_repo.reachable',
      'ops_repo.moved',
    ]);
    const here = await ops.post({ name: `${name}-here`, repoUrl: '/a/b.git' });
    const hosted = (here.body as { id: string }).id;
    expect((await sut.call(admin, 'POST', `/api/v1/ops-repos/${hosted}/fetch`)).status).toBe(409);
  });

  it('keep nothing of what was changed, and are due again when somebody asked meanwhile [A-DEP-04]', async () => {
    await ops.push({ a: 'a' });
    const id = await ops.follow();
    const row = (): Promise<OpsRepo> => sut.db.opsRepo.findUniqueOrThrow({ where: { id } });
    foreign.onRequest = async () => {
      await sut.call(admin, 'PATCH', `/api/v1/ops-repos/${id}`, { branch: 'live' });
    };
    expect(await ops.fetchNow(id)).toBeNull();
    expect(await row()).toMatchObject({ headSha: null, fetchHolder: null, fetchAt: null });
    await sut.call(admin, 'PATCH', `/api/v1/ops-repos/${id}`, { branch: 'main' });
    foreign.onRequest = async () => {
      await sut.call(admin, 'POST', `/api/v1/ops-repos/${id}/fetch`);
    };
    await ops.fetchNow(id);
    expect(await row()).toMatchObject({ headSha: expect.any(String), fetchAt: null });
    // A claim that ran out is another's: what its holder still brings home does not count.
    foreign.onRequest = async () => {
      await sut.db.opsRepo.update({ where: { id }, data: { fetchHolder: 'another' } });
    };
    expect(await ops.fetchNow(id)).toBeNull();
    expect(await row()).toMatchObject({ fetchHolder: 'another' });
  });

  it('are made by any number of pollers, which end with the fetch at hand [A-DEP-03] [A-DEP-04]', async () => {
    const head = await ops.push({ a: 'a' });
    const id = await ops.follow({ syncIntervalS: 5 });
    const stops = [1, 2].map(() => pollOpsRepos({ ...ops.deps(), config: sut.services.config }));
    await holds(async () => expect(await ops.shown(id)).toMatchObject({ headSha: head }), 120_000);
    const next = await ops.push({ a: 'b' });
    await holds(async () => expect(await ops.shown(id)).toMatchObject({ headSha: next }), 120_000);
    expect((await eventsOf(id)).filter((type) => type === 'ops_repo.moved')).toHaveLength(2);
    // One that hangs is ended with its poller, and is due at once for another.
    foreign.onRequest = () => new Promise(() => undefined);
    const before = foreign.requests.length;
    await sut.call(admin, 'POST', `/api/v1/ops-repos/${id}/fetch`);
    await holds(() => expect(foreign.requests.length).toBeGreaterThan(before), 120_000);
    await Promise.all(stops.map((stop) => stop()));
    expect(await sut.db.opsRepo.findUniqueOrThrow({ where: { id } })).toMatchObject({
      fetchHolder: null,
      fetchAt: null,
      fetchError: null,
    });
  });

  it('come before the first poll where a deployment needs it, and say why not [A-DEP-04] [A-DEP-05]', async () => {
    const head = await ops.push({ 'apps/app/values.yaml': '' });
    const id = await ops.follow();
    const source = async () =>
      await findManifestSource(
        {
          db: sut.db,
          store: sut.services.gitStore,
          fetchFirst: (repo) => fetchFirst(ops.deps(), repo),
        },
        await ops.deploymentOf(id),
      );
    foreign.mode = 503;
    await expect(source()).rejects.toMatchObject({
      code: 'validation_failed',
      message: expect.stringContaining('HTTP 503'),
    });
    await claimFetch(sut.db, id);
    const far = new Date(Date.now() + 3_600_000);
    await sut.db.opsRepo.update({ where: { id }, data: { fetchHeldUntil: far } });
    await expect(source()).rejects.toMatchObject({ code: 'unavailable' });
    await sut.db.opsRepo.update({ where: { id }, data: { fetchHeldUntil: null } });
    foreign.mode = 'up';
    expect(await source()).toMatchObject({ sha: head });
    // A mirror that was lost is fetched again.
    await mirrors.remove(id);
    expect(await source()).toMatchObject({ sha: head });
  });

  it('leave no mirror of what is gone [A-DEP-04]', async () => {
    await ops.push({ a: 'a' });
    const id = await ops.follow();
    await ops.fetchNow(id);
    expect(await mirrors.list()).toContain(id);
    expect((await sut.call(admin, 'DELETE', `/api/v1/ops-repos/${id}`)).status).toBe(204);
    expect(await mirrors.list()).not.toContain(id);
    const other = await ops.follow();
    await ops.fetchNow(other);
    foreign.onRequest = async () => {
      await sut.call(admin, 'DELETE', `/api/v1/ops-repos/${other}`);
    };
    expect(await ops.fetchNow(other)).toBeNull();
    expect(await mirrors.list()).not.toContain(other);
    foreign.onRequest = () => Promise.resolve();
    // Gone before there was a mirror to remove.
    const early = await ops.follow();
    const resolveHost = async () => {
      await sut.call(admin, 'DELETE', `/api/v1/ops-repos/${early}`);
      return ['127.0.0.1'];
    };
    expect(await ops.fetchNow(early, { mirrors: ops.mirrorStore({ resolveHost }) })).toBeNull();
    expect(await mirrors.list()).not.toContain(early);
    const left = await ops.follow();
    await ops.fetchNow(left);
    await sut.db.opsRepo.delete({ where: { id: left } });
    expect(await sweepMirrors(sut.db, mirrors)).toBeGreaterThan(0);
    expect(await mirrors.list()).toEqual([]);
  });
});
