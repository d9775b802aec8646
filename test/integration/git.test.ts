import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import type { GitPushedPayload } from '../../contracts/event/types.ts';
import { makeWorkTree, type WorkTree } from '../support/git-client.ts';
import {
  git,
  gitBytes,
  startGitServer,
  type GitServer,
  type TestRepository,
  type TestUser,
} from '../support/git-server.ts';

// Many git processes; a loaded machine takes its time.
jest.setTimeout(240_000);

let server: GitServer;
let ann: TestUser;
let viewer: TestUser;
let stranger: TestUser;
let scratch: string;

beforeAll(async () => {
  server = await startGitServer();
  ann = await server.user('ann', 'developer');
  viewer = await server.user('vera', 'viewer');
  stranger = await server.user('sam');
  scratch = await mkdtemp(path.join(tmpdir(), 'slipway-clones-'));
}, 240_000);

afterAll(async () => {
  await server.stop();
  await rm(scratch, { recursive: true, force: true });
});

interface Pushed {
  repository: TestRepository;
  tree: WorkTree;
  sha: string;
}

async function pushedProject(
  name: string,
  files: Record<string, string> = { 'README.md': '# Hello\n' },
  more: Record<string, unknown> = {},
): Promise<Pushed> {
  const repository = await server.project(ann, name, more);
  const tree = await makeWorkTree(repository.url, ann.token);
  await tree.write(files);
  const sha = await tree.commit('first');
  await tree.git('push', '--quiet', 'origin', 'main');
  return { repository, tree, sha };
}

function eventsOf(projectId: string, type: string) {
  return server.db.event.findMany({ where: { projectId, type }, orderBy: { id: 'asc' } });
}

describe('git over HTTP', () => {
  it('serves stock clone, push and fetch, protocol 0 and 2, and shallow clones [A-GIT-01]', async () => {
    const { repository, tree, sha } = await pushedProject('flow', {
      'src/a.ts': 'export {};\n',
      'big.bin': randomBytes(200_000).toString('base64'),
    });
    for (const version of ['0', '2']) {
      const args = ['-c', `protocol.version=${version}`, 'clone', '-q', repository.url];
      const clone = await git(scratch, [...args, `flow${version}`], { token: ann.token });
      expect(clone.stderr).toBe('');
      const cwd = path.join(scratch, `flow${version}`);
      expect((await git(cwd, ['rev-parse', 'HEAD'])).stdout.trim()).toBe(sha);
      expect((await git(cwd, ['fsck', '--strict'])).code).toBe(0);
    }
    await tree.write({ 'src/b.ts': 'export {};\n' });
    const second = await tree.commit('second');
    await tree.git('push', '--quiet', 'origin', 'main', 'HEAD:refs/tags/v1');
    const clone = path.join(scratch, 'flow2');
    expect((await git(clone, ['fetch', '-q'], { token: ann.token })).code).toBe(0);
    expect((await git(clone, ['rev-parse', 'origin/main'])).stdout.trim()).toBe(second);
    const args = ['clone', '-q', '--depth', '1', repository.url, 'shallow'];
    expect((await git(scratch, args, { token: ann.token })).code).toBe(0);
    const count = await git(path.join(scratch, 'shallow'), ['rev-list', '--count', 'HEAD']);
    expect(count.stdout.trim()).toBe('1');
    expect(server.errors).toEqual([]);
    await tree.remove();
  });

  it('takes a fetch whose request is gzipped because it names many commits [A-GIT-01]', async () => {
    const { repository, tree } = await pushedProject('many');
    const args = ['clone', '-q', repository.url, 'many'];
    expect((await git(scratch, args, { token: ann.token })).code).toBe(0);
    const clone = path.join(scratch, 'many');
    for (let n = 0; n < 150; n += 1)
      await git(clone, ['commit', '-q', '--allow-empty', '-m', `${n}`]);
    await tree.write({ later: 'yes' });
    await tree.commit('later');
    await tree.git('push', '-q', 'origin', 'main');
    const fetch = await git(clone, ['fetch'], {
      token: ann.token,
      env: { GIT_TRACE_CURL: '1', GIT_TRACE_CURL_NO_DATA: '1' },
    });
    expect(fetch.code).toBe(0);
    expect(fetch.stderr.toLowerCase()).toContain('content-encoding: gzip');
    await tree.remove();
  });

  it('keeps objects on disk and only their description in the database [A-GIT-02]', async () => {
    const secretWord = `needle-${randomBytes(8).toString('hex')}`;
    const { repository, tree, sha } = await pushedProject('disk', { 'n.txt': secretWord });
    const blob = await gitBytes(repository.dir, ['cat-file', 'blob', `${sha}:n.txt`]);
    expect(blob.toString()).toBe(secretWord);
    const tables = await server.db.$queryRaw<{ name: string }[]>`
      SELECT table_name AS name FROM information_schema.tables WHERE table_schema = 'public'`;
    expect(tables.length).toBeGreaterThan(10);
    for (const { name } of tables) {
      const rows = await server.db.$queryRawUnsafe<unknown[]>(
        `SELECT 1 FROM "${name}" t WHERE t::text LIKE '%${secretWord}%'`,
      );
      expect({ name, rows: rows.length }).toEqual({ name, rows: 0 });
    }
    await tree.remove();
  });

  it('refuses the push of a reader before any ref moves, and lets a developer push [A-GIT-03]', async () => {
    const { repository, tree, sha } = await pushedProject('writers', undefined, {
      visibility: 'internal',
    });
    await tree.write({ more: '1' });
    const next = await tree.commit('more');
    const refused = await git(tree.dir, ['push', 'origin', 'main'], { token: viewer.token });
    expect(refused.code).not.toBe(0);
    expect(refused.stderr).toContain('project:write');
    expect((await gitBytes(repository.dir, ['rev-parse', 'main'])).toString().trim()).toBe(sha);
    expect((await git(repository.dir, ['cat-file', '-e', next])).code).not.toBe(0);
    const [event] = await eventsOf(repository.id, 'git.push_refused');
    expect(event?.actorId).toBe(viewer.id);
    const audit = await server.db.auditEntry.findFirst({
      where: { action: 'git.push_refused', projectId: repository.id },
    });
    expect(audit?.actorName).toBe('vera');
    await tree.git('push', '-q', 'origin', 'main');
    expect((await gitBytes(repository.dir, ['rev-parse', 'main'])).toString().trim()).toBe(next);
    await tree.remove();
  });

  it('asks the anonymous to sign in to a private project and hides it from strangers [A-GIT-04]', async () => {
    const { repository, tree } = await pushedProject('private');
    const refs = `/ann/private.git/info/refs?service=git-upload-pack`;
    const anonymous = await server.api(null, 'GET', refs);
    expect(anonymous.status).toBe(401);
    expect(anonymous.headers.get('www-authenticate')).toMatch(/^Basic /);
    const absent = await server.api(null, 'GET', refs.replace('private', 'absent'));
    expect(absent.status).toBe(401);
    expect((await server.api(stranger, 'GET', refs)).status).toBe(404);
    const body = await server.api(stranger, 'POST', '/ann/private.git/git-upload-pack');
    expect(body.status).toBe(404);
    const clone = await git(scratch, ['clone', '-q', repository.url, 'p'], { token: viewer.token });
    expect(clone.code).toBe(0);
    await tree.remove();
  });

  it('lets anybody clone a public project and nobody push without signing in [A-GIT-04]', async () => {
    const { repository, tree } = await pushedProject('open', undefined, { visibility: 'public' });
    expect((await git(scratch, ['clone', '-q', repository.url, 'open'])).code).toBe(0);
    const push = await git(tree.dir, ['push', 'origin', 'main:other']);
    expect(push.code).not.toBe(0);
    expect(push.stderr).toMatch(/Authentication failed|could not read Username/);
    await tree.remove();
  });

  it('takes an API token as Basic password, Basic name and Bearer; a revoked one fails [A-GIT-05]', async () => {
    const { repository, tree } = await pushedProject('tokens');
    const tom = await server.user('tom', 'developer');
    const basic = (pair: string) => `Basic ${Buffer.from(pair).toString('base64')}`;
    const headers = [basic(`x:${tom.token}`), basic(`${tom.token}:`), `Bearer ${tom.token}`];
    const list = (header: string) =>
      git(scratch, [
        '-c',
        `http.extraHeader=Authorization: ${header}`,
        'ls-remote',
        repository.url,
      ]);
    for (const header of headers) expect((await list(header)).stdout).toContain('refs/heads/main');
    await server.db.apiToken.deleteMany({ where: { userId: tom.id } });
    for (const header of headers) expect((await list(header)).code).not.toBe(0);
    await tree.remove();
  });

  it('announces a push with its change id after the refs moved, and a refused one not at all [A-GIT-06]', async () => {
    const { repository, tree, sha } = await pushedProject('announced');
    const [event] = await eventsOf(repository.id, 'git.pushed');
    const payload = event?.payload as unknown as GitPushedPayload;
    const zero = '0'.repeat(40);
    expect(payload).toMatchObject({
      pusherId: ann.id,
      pusherName: 'ann',
      updates: [{ ref: 'refs/heads/main', oldSha: zero, newSha: sha }],
    });
    const push = await server.db.push.findUniqueOrThrow({ where: { id: payload.pushId } });
    expect(event).toMatchObject({ subjectId: push.id, changeId: push.changeId, actorId: ann.id });
    await tree.write({ x: '1' });
    await tree.commit('x');
    const shown = await tree.git('push', 'origin', 'main');
    const second = await server.db.push.findFirstOrThrow({
      where: { projectId: repository.id },
      orderBy: { createdAt: 'desc' },
    });
    expect(shown).toContain(`remote: Change ${second.changeId}`);
    expect(shown).toContain('/ann/announced/pipelines');
    const refused = await git(tree.dir, ['push', 'origin', 'HEAD:x'], { token: viewer.token });
    expect(refused.code).not.toBe(0);
    expect(await eventsOf(repository.id, 'git.pushed')).toHaveLength(2);
    await tree.remove();
  });

  it('makes the first pushed branch the default one where HEAD would point at nothing [A-GIT-01]', async () => {
    const repository = await server.project(ann, 'trunk-based');
    const tree = await makeWorkTree(repository.url, ann.token);
    await tree.write({ a: '1' });
    const sha = await tree.commit('first');
    await tree.git('push', '-q', 'origin', 'main:trunk');
    const project = await server.db.project.findUniqueOrThrow({ where: { id: repository.id } });
    expect(project.defaultBranch).toBe('trunk');
    await git(scratch, ['clone', '-q', repository.url, 'trunk'], { token: ann.token });
    const head = await git(path.join(scratch, 'trunk'), ['rev-parse', 'HEAD']);
    expect(head.stdout.trim()).toBe(sha);
    await tree.remove();
  });
});

let rules = 0;

describe('protected branches', () => {
  async function protectedProject(name: string, rule: Record<string, unknown>): Promise<Pushed> {
    const pushed = await pushedProject(name);
    const answer = await server.api(ann, 'POST', `${pushed.repository.api}/protected-branches`, {
      pattern: 'main',
      ...rule,
    });
    expect(answer.status).toBe(201);
    return pushed;
  }

  it('refuse direct, forced and deleting pushes, whatever the case of the name [A-GIT-03]', async () => {
    const { repository, tree, sha } = await protectedProject('guarded', {});
    await tree.write({ b: '1' });
    await tree.commit('b');
    for (const refspec of ['main', '+main', ':main', 'main:Main', 'main:MAIN']) {
      const push = await git(tree.dir, ['push', 'origin', refspec], { token: ann.token });
      expect({ refspec, refused: push.code !== 0 }).toEqual({ refspec, refused: true });
    }
    expect(
      (await git(tree.dir, ['push', '-q', 'origin', 'main:free'], { token: ann.token })).code,
    ).toBe(0);
    const refs = await gitBytes(repository.dir, ['for-each-ref', '--format=%(refname)']);
    expect(refs.toString().trim().split('\n')).toEqual(['refs/heads/free', 'refs/heads/main']);
    expect((await gitBytes(repository.dir, ['rev-parse', 'main'])).toString().trim()).toBe(sha);
    await tree.remove();
  });

  it('let writers push forward only, where the rule says so [A-GIT-03]', async () => {
    const { tree } = await protectedProject('forward', { allowWriters: true });
    await tree.write({ b: '1' });
    await tree.commit('b');
    const push = (...args: string[]) =>
      git(tree.dir, ['push', 'origin', ...args], { token: ann.token });
    expect((await push('main')).code).toBe(0);
    await tree.git('commit', '--amend', '-q', '-m', 'rewritten');
    const forced = await push('+main');
    expect(forced.code).not.toBe(0);
    expect(forced.stderr).toContain('rewritten');
    await tree.remove();
  });

  it.each(['refs/heads/main', '/main', 'release/', '{a,b}'.repeat(7)])(
    'are not made by %s, a pattern that no branch has [A-GIT-03]',
    async (pattern) => {
      const { api } = await server.project(ann, `no-rule-${String((rules += 1))}`);
      const answer = await server.api(ann, 'POST', `${api}/protected-branches`, { pattern });
      expect([answer.status, await answer.text()]).toEqual([
        400,
        expect.stringContaining('"pointer":"#/pattern"'),
      ]);
    },
  );

  it('refuse the whole push when one of its refs is protected [A-GIT-03]', async () => {
    const { repository, tree } = await protectedProject('whole', {});
    await tree.write({ b: '1' });
    await tree.commit('b');
    const push = await git(tree.dir, ['push', 'origin', 'main', 'main:side'], { token: ann.token });
    expect(push.code).not.toBe(0);
    expect((await git(repository.dir, ['rev-parse', '-q', '--verify', 'side'])).code).not.toBe(0);
    await tree.remove();
  });
});
