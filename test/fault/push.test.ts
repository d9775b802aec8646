import { chmod, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { GitPushedPayload } from '../../contracts/event/types.ts';
import type { GitStore, PushProposal } from '../../contracts/git/store.ts';
import { repairRefs } from '../../domain/git/repair-refs.ts';
import type { PrismaClient } from '../../prisma/generated/client.ts';
import { makeWorkTree, type WorkTree } from '../support/git-client.ts';
import { rawPush, zeroSha } from '../support/git-raw-push.ts';
import {
  git,
  gitBytes,
  startGitServer,
  type GitServer,
  type TestRepository,
  type TestUser,
} from '../support/git-server.ts';
import { Ledger } from '../support/ledger.ts';

/** What a test does to a push between its arrival and its check; null leaves it alone. */
let meddle: ((push: PushProposal, check: () => Promise<void>) => Promise<void>) | null = null;
/** True makes the check of pushes fail as if the database did. */
let checkBreaks = false;
/** True makes the record of pushes fail. */
let recordBreaks = false;

let server: GitServer;
let ann: TestUser;
let viewer: TestUser;

function meddling(store: GitStore): GitStore {
  return {
    ...store,
    receivePack: (repoPath, options) =>
      store.receivePack(repoPath, {
        ...options,
        onPush: (push) => {
          const check = () => options.onPush(push);
          return meddle === null ? check() : meddle(push, check);
        },
      }),
  };
}

/** The real database, with failures at the places that the tests name. */
function breaking(db: PrismaClient): PrismaClient {
  const broken = () => Promise.reject(new Error('the database is away'));
  return new Proxy(db, {
    get(target, key) {
      if (key === 'apiToken' && checkBreaks) {
        return new Proxy(target.apiToken, {
          get: (model, name) =>
            name === 'findUnique' ? broken : (model[name as never] as unknown),
        });
      }
      if (key === '$transaction' && recordBreaks) {
        return (work: (tx: unknown) => Promise<unknown>, options: object) =>
          target.$transaction(async (tx) => {
            const failing = new Proxy(tx, {
              get: (inner, name) =>
                name === 'push' ? { create: broken } : (inner[name as never] as unknown),
            });
            return work(failing);
          }, options);
      }
      const value: unknown = target[key as keyof PrismaClient];
      return typeof value === 'function' ? (value as () => unknown).bind(target) : value;
    },
  });
}

beforeAll(async () => {
  server = await startGitServer({
    wrap: meddling,
    wrapDb: breaking,
    store: { checkTimeoutMs: 2000 },
  });
  ann = await server.user('ann', 'developer');
  viewer = await server.user('vera', 'viewer');
}, 120_000);

afterAll(() => server.stop());

interface Place {
  repository: TestRepository;
  tree: WorkTree;
  base: string;
}

async function place(name: string): Promise<Place> {
  const repository = await server.project(ann, name);
  const tree = await makeWorkTree(repository.url, ann.token);
  await tree.write({ 'README.md': '# x\n' });
  const base = await tree.commit('base');
  await tree.git('push', '-q', 'origin', 'main');
  return { repository, tree, base };
}

/** A commit with the files of `parent` and a message of its own; costs one process. */
async function commitOn(tree: WorkTree, parent: string, message: string): Promise<string> {
  return (await tree.git('commit-tree', `${parent}^{tree}`, '-p', parent, '-m', message)).trim();
}

async function headOf(repository: TestRepository, ref = 'main'): Promise<string> {
  return (await git(repository.dir, ['rev-parse', '-q', '--verify', ref])).stdout.trim();
}

async function quarantines(repository: TestRepository): Promise<string[]> {
  const names = await readdir(path.join(repository.dir, 'objects'));
  return names.filter((name) => name.includes('incoming'));
}

/** Processes below this test whose command line has the words; only those are ever signalled. */
async function childrenLike(words: string): Promise<number[]> {
  const found: number[] = [];
  for (const name of await readdir('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const pid = Number(name);
    const line = await readFile(`/proc/${name}/cmdline`, 'utf8').catch(() => '');
    if (line.replaceAll('\0', ' ').includes(words) && (await isBelowUs(pid))) found.push(pid);
  }
  return found;
}

async function isBelowUs(pid: number): Promise<boolean> {
  for (let at = pid; at > 1;) {
    if (at === process.pid) return true;
    const stat = await readFile(`/proc/${String(at)}/stat`, 'utf8').catch(() => '');
    at = Number(/\) \S (\d+)/.exec(stat)?.[1] ?? 0);
  }
  return false;
}

async function killLike(words: string): Promise<number> {
  const pids = await childrenLike(words);
  for (const pid of pids) process.kill(pid, 'SIGKILL');
  return pids.length;
}

function eventsOf(projectId: string, type: string) {
  return server.db.event.findMany({
    where: { projectId, type },
    orderBy: [{ xid: 'asc' }, { seq: 'asc' }],
  });
}

describe('rejected and broken pushes (D1)', () => {
  it('leave no object behind in 100 tries, and nothing that is not swept [A-GIT-03]', async () => {
    const { repository, tree, base } = await place('broken');
    const ledger = new Ledger('D1');
    const commits: string[] = [];
    const kinds = ['refused', 'killed', 'gone'] as const;
    for (let n = 0; n < 100; n += 1) {
      const sha = await commitOn(tree, base, `try ${String(n)}`);
      commits.push(sha);
      const kind = kinds[ledger.between(0, 2)] ?? 'refused';
      if (kind === 'killed') {
        meddle = async () => {
          if ((await killLike('receive-pack --stateless-rpc')) > 0) ledger.fault('killed');
        };
      }
      if (kind === 'gone') {
        meddle = async () => {
          if ((await killLike('git-remote-http')) > 0) ledger.fault('gone');
          await new Promise((resolve) => setTimeout(resolve, 50));
        };
      }
      const token = kind === 'refused' ? viewer.token : ann.token;
      const push = await git(tree.dir, ['push', 'origin', `${sha}:refs/heads/main`], { token });
      if (kind === 'refused') ledger.fault('refused');
      expect({ n, kind, failed: push.code !== 0 }).toEqual({ n, kind, failed: true });
      meddle = null;
    }
    for (const kind of kinds) expect(ledger.faults.get(kind) ?? 0).toBeGreaterThan(10);
    for (const sha of commits) {
      expect((await git(repository.dir, ['cat-file', '-e', sha])).code).not.toBe(0);
    }
    expect(await headOf(repository)).toBe(base);
    const left = await quarantines(repository);
    expect(left.length).toBeGreaterThan(0);
    const old = new Date(Date.now() - 2 * 3600_000);
    for (const name of left) await utimes(path.join(repository.dir, 'objects', name), old, old);
    const report = await server.store.care('ann/broken.git', {
      fsck: true,
      signal: new AbortController().signal,
    });
    expect(report).toEqual({ sweptQuarantines: left.length, fsckProblems: [] });
    expect(await quarantines(repository)).toEqual([]);
    expect((await git(repository.dir, ['fsck', '--strict'])).code).toBe(0);
    expect(await eventsOf(repository.id, 'git.pushed')).toHaveLength(1);
    await tree.remove();
  }, 240_000);
});

describe('a check that breaks (D3)', () => {
  let here: Place;
  let next: string;

  beforeAll(async () => {
    here = await place('checked');
    next = await commitOn(here.tree, here.base, 'next');
  });
  afterAll(() => here.tree.remove());

  async function expectRefused(words?: string): Promise<void> {
    const push = await git(here.tree.dir, ['push', 'origin', `${next}:refs/heads/main`], {
      token: ann.token,
    });
    expect(push.code).not.toBe(0);
    if (words !== undefined) expect(push.stderr).toContain(words);
    expect(await headOf(here.repository)).toBe(here.base);
    expect((await git(here.repository.dir, ['cat-file', '-e', next])).code).not.toBe(0);
  }

  it('refuses when the hook is killed while it waits', async () => {
    let killed = 0;
    meddle = async () => {
      killed += await killLike('hooks/pre-receive');
      await new Promise((resolve) => setTimeout(resolve, 200));
    };
    await expectRefused();
    meddle = null;
    expect(killed).toBeGreaterThan(0);
  });

  it('refuses when the check throws, and says nothing of why', async () => {
    checkBreaks = true;
    await expectRefused('could not check this push');
    checkBreaks = false;
    expect(server.errors.join()).toContain('the check of a push failed');
    server.errors.length = 0;
  });

  it('refuses when the decision itself is lost', async () => {
    meddle = () => Promise.reject(new Error('lost'));
    await expectRefused('could not check this push');
    meddle = () => Promise.resolve();
    await expectRefused('could not check this push');
    meddle = null;
  });

  it('refuses when the check does not end in time, even if it would say yes later', async () => {
    let late: Promise<void> = Promise.resolve();
    meddle = (_push, check) =>
      (late = new Promise((resolve) => setTimeout(resolve, 3000)).then(check));
    await expectRefused('could not check this push');
    await late;
    meddle = null;
    expect(await headOf(here.repository)).toBe(here.base);
  }, 20_000);

  it('puts hooks back that were removed, changed or made unusable, and refuses through them', async () => {
    const hook = path.join(server.home, 'hooks/pre-receive');
    const damages = [
      () => rm(hook),
      () => chmod(hook, 0o644),
      () => writeFile(hook, '#!/bin/sh\nexit 0\n'),
      () => rm(path.dirname(hook), { recursive: true }),
    ];
    for (const damage of damages) {
      await damage();
      const push = await git(here.tree.dir, ['push', 'origin', `${next}:main`], {
        token: viewer.token,
      });
      expect(push.stderr).toContain('project:write');
      expect(await headOf(here.repository)).toBe(here.base);
    }
  });

  it.each([
    ['50,000 refs', 50_000, 0],
    ['10 MB of refs', 50_000, 150],
    ['one more than allowed', 5001, 0],
  ])(
    'refuses %s in words, and takes none of them',
    async (_what, count, padding) => {
      const updates = Array.from({ length: count }, (_, n) => ({
        ref: `refs/heads/many-${'x'.repeat(padding)}${String(n)}`,
        newSha: next,
      }));
      const { status, text } = await rawPush(here.repository, ann, here.tree.dir, updates);
      expect(status).toBe(200);
      expect(text).toContain('pre-receive hook declined');
      expect(await server.store.listRefs('ann/checked.git')).toHaveLength(1);
      expect((await git(here.repository.dir, ['cat-file', '-e', next])).code).not.toBe(0);
    },
    120_000,
  );

  it('checks and records every one of 5,000 refs', async () => {
    const updates = Array.from({ length: 5000 }, (_, n) => ({
      ref: `refs/tags/t${String(n)}`,
      newSha: next,
    }));
    const protectedOne = [...updates.slice(0, 4999), { ref: 'refs/heads/-bad', newSha: next }];
    const bad = await rawPush(here.repository, ann, here.tree.dir, protectedOne);
    expect(bad.text).toContain('pre-receive hook declined');
    expect(await server.store.listRefs('ann/checked.git')).toHaveLength(1);
    const good = await rawPush(here.repository, ann, here.tree.dir, updates);
    expect(good.text).toContain('ok refs/tags/t4999');
    expect(await server.db.gitRef.count({ where: { projectId: here.repository.id } })).toBe(5001);
  }, 120_000);

  it('would be skipped if silence meant yes: the mutant is seen', async () => {
    meddle = async (push) => {
      (await push.accept())?.finish([]);
    };
    const push = await git(here.tree.dir, ['push', 'origin', `${next}:refs/heads/main`], {
      token: viewer.token,
    });
    meddle = null;
    expect(push.code).toBe(0);
    expect(await headOf(here.repository)).toBe(next);
  });
});

describe('fifty pushers on one ref (D5)', () => {
  it('have one winner for each state of the ref, and lose no acknowledged commit [A-GIT-01]', async () => {
    const { repository, tree, base } = await place('crowd');
    const ledger = new Ledger('D5');
    let at = base;
    for (let round = 0; round < 3; round += 1) {
      const shas: string[] = [];
      for (let n = 0; n < 50; n += 1) {
        shas.push(await commitOn(tree, at, `round ${String(round)} pusher ${String(n)}`));
      }
      const results = await Promise.all(
        shas.map(async (sha) => {
          ledger.ask(sha);
          const push = await git(tree.dir, ['push', 'origin', `${sha}:refs/heads/main`], {
            token: ann.token,
          });
          if (push.code === 0) ledger.acknowledge(sha);
          else ledger.fault('lost the race');
          return push.code;
        }),
      );
      expect(results.filter((code) => code === 0)).toHaveLength(1);
      at = await headOf(repository);
      expect(shas).toContain(at);
    }
    expect(ledger.faultCount).toBe(147);
    const log = await gitBytes(repository.dir, ['rev-list', 'main', `^${base}`]);
    expect(ledger.check(log.toString().trim().split('\n'))).toEqual({
      lost: [],
      doubled: [],
      unasked: [],
    });
    const events = await eventsOf(repository.id, 'git.pushed');
    const moves = events.map((event) => (event.payload as unknown as GitPushedPayload).updates[0]);
    expect(moves).toHaveLength(4);
    moves.forEach((move, n) => {
      expect(move?.oldSha).toBe(n === 0 ? zeroSha : moves[n - 1]?.newSha);
    });
    expect(server.errors).toEqual([]);
    await tree.remove();
  }, 240_000);

  it('record each of 30 forced pushes in the order in which the ref moved', async () => {
    const { repository, tree, base } = await place('forced');
    const shas: string[] = [];
    for (let n = 0; n < 30; n += 1) shas.push(await commitOn(tree, base, `forced ${String(n)}`));
    const pushes = await Promise.all(
      shas.map((sha) =>
        git(tree.dir, ['push', '-f', 'origin', `${sha}:refs/heads/main`], { token: ann.token }),
      ),
    );
    const accepted = shas.filter((_, n) => pushes[n]?.code === 0);
    const events = await eventsOf(repository.id, 'git.pushed');
    const moves = events.map((event) => (event.payload as unknown as GitPushedPayload).updates[0]);
    expect(
      moves
        .slice(1)
        .map((move) => move?.newSha)
        .sort(),
    ).toEqual([...accepted].sort());
    moves.slice(1).forEach((move, n) => {
      expect(move?.oldSha).toBe(moves[n]?.newSha);
    });
    const [ref] = await server.db.gitRef.findMany({ where: { projectId: repository.id } });
    expect(ref?.sha).toBe(await headOf(repository));
    await tree.remove();
  }, 120_000);
});

describe('a push whose record fails', () => {
  it('is recorded by repository care, once, however often and at once it runs [A-GIT-06]', async () => {
    const { repository, tree, base } = await place('unrecorded');
    const sha = await commitOn(tree, base, 'unrecorded');
    recordBreaks = true;
    const push = await git(tree.dir, ['push', 'origin', `${sha}:refs/heads/main`], {
      token: ann.token,
    });
    recordBreaks = false;
    expect(push.code).toBe(0);
    expect(await headOf(repository)).toBe(sha);
    expect(await eventsOf(repository.id, 'git.pushed')).toHaveLength(1);
    expect(server.errors.join()).toContain('was not recorded');
    server.errors.length = 0;
    await Promise.all(
      Array.from({ length: 5 }, () => repairRefs(server.db, server.store, repository.id)),
    );
    await repairRefs(server.db, server.store, repository.id);
    const [, repaired, ...more] = await eventsOf(repository.id, 'git.pushed');
    expect(more).toEqual([]);
    expect(repaired?.payload).toMatchObject({
      pusherId: null,
      updates: [{ ref: 'refs/heads/main', oldSha: base, newSha: sha }],
    });
    const [told] = await eventsOf(repository.id, 'git.ref_repaired');
    expect(told?.changeId).toBe(repaired?.changeId);
    expect(await server.db.push.count({ where: { projectId: repository.id } })).toBe(2);
    await tree.remove();
  }, 60_000);

  it('is not taken for missing while pushes are under way', async () => {
    const { repository, tree, base } = await place('beside');
    let at = base;
    let isOver = false;
    const care = (async () => {
      let runs = 0;
      while (!isOver) {
        expect(await repairRefs(server.db, server.store, repository.id)).toBe(0);
        runs += 1;
      }
      return runs;
    })();
    for (let n = 0; n < 15; n += 1) {
      at = await commitOn(tree, at, `push ${String(n)}`);
      const push = await git(tree.dir, ['push', '-q', 'origin', `${at}:refs/heads/main`], {
        token: ann.token,
      });
      expect(push.code).toBe(0);
    }
    isOver = true;
    expect(await care).toBeGreaterThan(15);
    expect(await eventsOf(repository.id, 'git.pushed')).toHaveLength(16);
    expect(await eventsOf(repository.id, 'git.ref_repaired')).toHaveLength(0);
    await tree.remove();
  }, 60_000);
});
