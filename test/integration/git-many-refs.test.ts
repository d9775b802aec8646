import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Readable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { newId } from '../../domain/shared/new-id.ts';
import type { PrismaClient } from '../../prisma/generated/client.ts';
import { eventually } from '../support/eventually.ts';
import { makeWorkTree, type WorkTree } from '../support/git-client.ts';
import { rawBody, rawPush } from '../support/git-raw-push.ts';
import {
  git,
  startGitServer,
  type GitServer,
  type TestRepository,
  type TestUser,
} from '../support/git-server.ts';

// Many git processes; a loaded machine takes its time.
jest.setTimeout(240_000);

let server: GitServer;
let ann: TestUser;
let scratch: string;
let ran: string;
let statements = 0;

/** The same database, with each statement counted. */
function counting(db: PrismaClient): PrismaClient {
  return db.$extends({
    query: {
      $allOperations({ args, query }) {
        statements += 1;
        return query(args);
      },
    },
  }) as unknown as PrismaClient;
}

beforeAll(async () => {
  scratch = await mkdtemp(path.join(tmpdir(), 'slipway-many-'));
  ran = path.join(scratch, 'ran');
  const gitPath = path.join(scratch, 'git');
  await writeFile(gitPath, `#!/bin/sh\necho x >>'${ran}'\nexec git "$@"\n`);
  await chmod(gitPath, 0o755);
  server = await startGitServer({ store: { gitPath }, wrapDb: counting });
  ann = await server.user('ann', 'developer');
}, 240_000);

afterAll(async () => {
  expect(server.errors).toEqual([]);
  await server.stop();
  await rm(scratch, { recursive: true, force: true });
});

async function refsOf(repository: TestRepository): Promise<string[]> {
  const { stdout } = await git(repository.dir, ['for-each-ref', '--format=%(refname)']);
  return stdout.trim().split('\n');
}

/** Points names at commits, many at once. */
function setRefs(tree: WorkTree, refs: readonly (readonly [string, string])[]) {
  const input = refs.map(([ref, sha]) => `update ${ref} ${sha}\n`).join('');
  return git(tree.dir, ['update-ref', '--stdin'], { input });
}

describe('a mirror of another forge', () => {
  it('arrives but for the refs that belong to the server, each of which is told [A-GIT-09]', async () => {
    const repository = await server.project(ann, 'mirrored');
    const tree = await makeWorkTree(repository.url, ann.token);
    await tree.write({ a: '1' });
    const sha = await tree.commit('first');
    await tree.git('branch', 'side');
    await tree.git('tag', '-a', 'v1', '-m', 'one');
    await tree.git('notes', 'add', '-m', 'a note');
    const pulls = Array.from({ length: 40 }, (_, n) => [`refs/pull/${String(n)}/head`, sha]);
    await setRefs(tree, pulls as [string, string][]);
    const push = await git(tree.dir, ['push', '--mirror', 'origin'], { token: ann.token });
    expect(await refsOf(repository)).toEqual([
      'refs/heads/main',
      'refs/heads/side',
      'refs/notes/commits',
      'refs/tags/v1',
    ]);
    expect(push.stderr).toContain('[new branch]      side -> side');
    expect(push.stderr).toContain(
      'refs/pull/7/head -> refs/pull/7/head (deny updating a hidden ref)',
    );
    expect(push.stderr).toContain(
      'remote: 40 ref(s) of this push cannot be pushed: refs/pull/0/head,',
    );
    const event = await server.db.event.findFirstOrThrow({
      where: { projectId: repository.id, type: 'git.pushed' },
    });
    expect((event.payload as { updates: unknown[] }).updates).toHaveLength(4);
    // All or none is what `--atomic` asks for.
    await tree.git('branch', 'third');
    const refs = ['refs/heads/third', 'refs/pull/1/head'];
    const atomic = await git(tree.dir, ['push', '--atomic', 'origin', ...refs], {
      token: ann.token,
    });
    expect(atomic.stderr).toContain('takes all of its refs or none');
    expect(await refsOf(repository)).not.toContain('refs/heads/third');
    await tree.remove();
  });
});

describe('a push of many refs', () => {
  it('is not refused for how many of them belong to the server [A-GIT-09]', async () => {
    const repository = await server.project(ann, 'thousands');
    const tree = await makeWorkTree(repository.url, ann.token);
    await tree.write({ a: '1' });
    const newSha = await tree.commit('first');
    const pulls = Array.from({ length: 6000 }, (_, n) => `refs/pull/${String(n)}/head`);
    const updates = ['refs/heads/main', ...pulls].map((ref) => ({ ref, newSha }));
    const { text } = await rawPush(repository, ann, tree.dir, updates);
    expect(text).toContain('ok refs/heads/main');
    expect(text.match(/ng refs\/pull\/\d+\/head deny updating a hidden ref/g)).toHaveLength(6000);
    const branches = pulls.map((_, n) => ({ ref: `refs/heads/b${String(n)}`, newSha }));
    const refused = await rawPush(repository, ann, tree.dir, branches);
    expect(refused.text).not.toContain('\nok refs/');
    expect(await refsOf(repository)).toEqual(['refs/heads/main']);
    await tree.remove();
  });

  /** What one push of so many branches costs; each with a `.gitmodules` and under a rule. */
  async function costOf(count: number): Promise<{ processes: number; statements: number }[]> {
    const repository = await server.project(ann, `many-${String(count)}`);
    const rule = { pattern: '**', allowWriters: true };
    await server.api(ann, 'POST', `${repository.api}/protected-branches`, rule);
    const tree = await makeWorkTree(repository.url, ann.token);
    await tree.write({ '.gitmodules': '[submodule "x"]\n\tpath = x\n\turl = ../x\n' });
    const costs: { processes: number; statements: number }[] = [];
    for (const message of ['first', 'second']) {
      const sha = await tree.commit(message);
      const refs = Array.from({ length: count }, (_, n) => [`refs/heads/b${String(n)}`, sha]);
      await setRefs(tree, refs as [string, string][]);
      await writeFile(ran, '');
      statements = 0;
      const push = await git(tree.dir, ['push', '-q', 'origin', 'refs/heads/b*'], {
        token: ann.token,
      });
      expect(push).toMatchObject({ code: 0 });
      const processes = (await readFile(ran, 'utf8')).length / 2;
      costs.push({ processes, statements });
    }
    expect(await refsOf(repository)).toHaveLength(count);
    await tree.remove();
    return costs;
  }

  it('costs as many processes and statements as a push of a few, made and moved [A-GIT-03]', async () => {
    const few = await costOf(5);
    expect(few[0]?.processes).toBeGreaterThan(1);
    expect(await costOf(200)).toEqual(few);
  });

  it('names each branch whose files are refused, though they hold the same one [A-GIT-09]', async () => {
    const repository = await server.project(ann, 'unsafe');
    const tree = await makeWorkTree(repository.url, ann.token);
    await tree.write({ a: '1' });
    await tree.commit('fine');
    await tree.git('branch', 'fine');
    await tree.write({ '.gitmodules': '[submodule "x"]\n\tpath = x\n\turl = ext::sh\n' });
    await tree.commit('not fine');
    await tree.git('branch', 'other');
    await tree.write({ '.gitmodules': `#${'x'.repeat(1024 * 1024)}\n` });
    await tree.commit('large');
    await tree.git('branch', 'large');
    await tree.git('reset', '-q', '--hard', 'other');
    const push = await git(tree.dir, ['push', 'origin', 'main', 'other', 'large', 'fine'], {
      token: ann.token,
    });
    expect(push.stderr).toContain('refs/heads/main: .gitmodules names an address');
    expect(push.stderr).toContain('refs/heads/other: .gitmodules names an address');
    expect(push.stderr).toContain('refs/heads/large: .gitmodules is larger than 1 MiB');
    expect(push.stderr).not.toContain('refs/heads/fine:');
    expect(await refsOf(repository)).toEqual(['']);
    await tree.remove();
  });
});

describe('rules for branches', () => {
  it('are at most a hundred a project: each is asked about each branch [A-GIT-03]', async () => {
    const { id: projectId, api } = await server.project(ann, 'ruled');
    await server.db.protectedBranch.createMany({
      data: Array.from({ length: 99 }, (_, n) => ({
        ...{ id: newId('protectedBranch'), projectId, pattern: `r${String(n)}/*` },
      })),
    });
    const make = async (pattern: string): Promise<number> =>
      (await server.api(ann, 'POST', `${api}/protected-branches`, { pattern })).status;
    expect([await make('main'), await make('other')]).toEqual([201, 409]);
  });
});

describe('an address without .git', () => {
  it('is cloned, fetched and pushed like the one with it [A-GIT-01]', async () => {
    const repository = await server.project(ann, 'plain');
    const url = repository.url.replace(/\.git$/, '');
    const tree = await makeWorkTree(url, ann.token);
    await tree.write({ a: '1' });
    const sha = await tree.commit('first');
    await tree.git('push', '-q', 'origin', 'main');
    for (const address of [url, `${url}/`]) {
      const dir = path.join(scratch, `plain${String(address.length)}`);
      const clone = await git(scratch, ['clone', '-q', address, dir], { token: ann.token });
      expect(clone).toMatchObject({ code: 0 });
      expect((await git(dir, ['rev-parse', 'HEAD'])).stdout.trim()).toBe(sha);
    }
    await tree.remove();
  });
});

describe('a push whose client reads nothing of the answer', () => {
  it('moves its refs and lets them be recorded, for whatever git has to say is taken from it [A-GIT-02]', async () => {
    const repository = await server.project(ann, 'unread');
    const tree = await makeWorkTree(repository.url, ann.token);
    await tree.write({ a: 'a\n' });
    const newSha = await tree.commit('a');
    const long = 'x'.repeat(150);
    const updates = Array.from({ length: 4000 }, (_, at) => ({
      ref: `refs/heads/${long}-${String(at)}`,
      newSha,
    }));
    const body = await rawBody(tree.dir, updates);
    const gone = new AbortController();
    let moved = 0;
    await server.store.receivePack('ann/unread.git', {
      input: Readable.from([body]),
      gitProtocol: undefined,
      signal: gone.signal,
      maxInputBytes: 10_000_000,
      onPush: async (push) => {
        const accepted = await push.accept();
        moved = accepted?.updates.length ?? 0;
        accepted?.finish([]);
      },
    });
    await eventually(() => Promise.resolve(moved === 4000 ? true : undefined), 60_000);
    gone.abort();
    await tree.remove();
  });
});
