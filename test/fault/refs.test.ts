import { access } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import type { GitStore } from '../../contracts/git/store.ts';
import { createRepositoryReader } from '../../domain/pipeline/repository-reader.ts';
import { makeWorkTree, type WorkTree } from '../support/git-client.ts';
import { rawPush } from '../support/git-raw-push.ts';
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

/** Names that git's own check accepts, then ones it does not; CANARY is a command that would make a file. */
function hostileNames(canary: string): (string | Buffer)[] {
  return [
    '--upload-pack=x',
    '-x',
    `$(touch${'${IFS}'}${canary})`,
    '`id`',
    'a;id',
    'a|b',
    "a'b",
    '<img/src=x>',
    'a b',
    'a..b',
    'a~1',
    'a:b',
    'a\\b',
    'a?*[',
    '../../HEAD',
    'a\u202Egnp.exe',
    'a\u200Bb',
    'a\u0007b',
    'a\u001B[31mred',
    'e\u0301',
    'x'.repeat(4096),
    '🙂'.repeat(70),
    'HEAD',
    'a/-b',
    'a.lock',
    Buffer.from([0x61, 0xff, 0xfe, 0x62]),
    Buffer.from([0xc0, 0xaf]),
  ];
}

const foreignRefs = [
  'refs/pull/1/head',
  'refs/slipway/keep',
  'refs/merge-requests/1',
  'refs/heads',
  'HEAD',
  'config',
  'refs/remotes/x/y',
];

let server: GitServer;
let ann: TestUser;
let repository: TestRepository;
let tree: WorkTree;
let sha: string;
let canary: string;

beforeAll(async () => {
  server = await startGitServer();
  ann = await server.user('ann', 'developer');
  repository = await server.project(ann, 'names');
  tree = await makeWorkTree(repository.url, ann.token);
  await tree.write({ 'README.md': '# x\n' });
  sha = await tree.commit('first');
  await tree.git('push', '-q', 'origin', 'main');
  canary = path.join(server.home, 'canary');
}, 240_000);

afterAll(async () => {
  await server.stop();
  await tree.remove();
});

async function refsOf(one: TestRepository): Promise<string[]> {
  const refs = await gitBytes(one.dir, ['for-each-ref', '--format=%(refname)']);
  return refs.toString('latin1').trim().split('\n');
}

async function canaryRan(): Promise<boolean> {
  return access(canary).then(
    () => true,
    () => false,
  );
}

function fullRef(name: string | Buffer): Buffer {
  return Buffer.concat([Buffer.from('refs/heads/'), Buffer.from(name as string)]);
}

describe('hostile ref names (D6)', () => {
  it('are refused in a push, none runs a command, and none answers 500 [A-GIT-09]', async () => {
    await tree.git('commit', '-q', '--allow-empty', '-m', 'second');
    const newSha = (await tree.git('rev-parse', 'HEAD')).trim();
    let refused = 0;
    for (const name of hostileNames(canary)) {
      const { status, text } = await rawPush(repository, ann, tree.dir, [
        { ref: fullRef(name), newSha },
      ]);
      expect({ name: String(name), status }).toEqual({ name: String(name), status: 200 });
      expect(text).not.toContain('\nok refs/');
      refused += 1;
    }
    for (const ref of foreignRefs) {
      const { status, text } = await rawPush(repository, ann, tree.dir, [{ ref, newSha }]);
      expect({ ref, status }).toEqual({ ref, status: 200 });
      expect(text).not.toMatch(/ok refs\/(pull|slipway|merge)/);
      refused += 1;
    }
    expect(refused).toBe(34);
    expect(await refsOf(repository)).toEqual(['refs/heads/main']);
    expect((await gitBytes(repository.dir, ['rev-parse', 'main'])).toString().trim()).toBe(sha);
    expect(await canaryRan()).toBe(false);
    expect(await server.db.event.count({ where: { type: 'git.pushed' } })).toBe(1);
    expect(await server.db.event.count({ where: { type: 'git.push_refused' } })).toBeGreaterThan(
      15,
    );
    expect(server.errors).toEqual([]);
  }, 240_000);

  it('drag the good refs of the same push down with them [A-GIT-09]', async () => {
    const newSha = (await tree.git('rev-parse', 'HEAD')).trim();
    await rawPush(repository, ann, tree.dir, [
      { ref: 'refs/heads/good', newSha },
      { ref: 'refs/heads/-bad', newSha },
    ]);
    expect(await refsOf(repository)).toEqual(['refs/heads/main']);
  });

  it('are 400 or 404 over the API, never a server error, and never an option of git [A-GIT-09]', async () => {
    // HEAD may be read, as the name of the default branch; it may not be pushed.
    for (const name of hostileNames(canary).filter((one) => one !== 'HEAD')) {
      const text = Buffer.from(name as string).toString('utf8');
      const ref = encodeURIComponent(text);
      for (const address of [
        `tree?ref=${ref}`,
        `archive?ref=${ref}`,
        `diff?from=${ref}&to=main`,
        `commits/${ref}`,
      ]) {
        const { status } = await server.api(ann, 'GET', `${repository.api}/${address}`);
        expect([400, 404]).toContain(status);
      }
      const created = await server.api(ann, 'POST', '/api/v1/projects', {
        name: 'never',
        defaultBranch: text,
      });
      expect(created.status).toBe(400);
    }
    expect(await canaryRan()).toBe(false);
    expect(server.errors).toEqual([]);
  }, 240_000);

  it('that are the id of a commit stand for no commit, and are not pushed [A-GIT-09]', async () => {
    await tree.write({ b: '1' });
    const other = await tree.commit('other');
    const push = (refspec: string) =>
      git(tree.dir, ['push', 'origin', refspec], { token: ann.token });
    for (const space of ['heads', 'tags']) {
      const refused = await push(`${other}:refs/${space}/${sha}`);
      expect(refused.code).not.toBe(0);
      expect(refused.stderr).toContain('id of a commit');
    }
    expect((await push(`${other}:refs/heads/other`)).code).toBe(0);
    // One that came before such names were refused.
    await git(repository.dir, ['update-ref', `refs/heads/${sha}`, other]);
    const repoPath = 'ann/names.git';
    expect(await server.store.resolveCommit(repoPath, sha)).toBe(sha);
    expect(await server.store.resolveCommit(repoPath, `refs/heads/${sha}`)).toBe(other);
    const parseDefinition = () => Promise.reject(new Error('not asked for'));
    const reader = createRepositoryReader(server.store, { parseDefinition });
    expect(await reader.resolveCommit(repoPath, sha)).toMatchObject({ ref: sha, sha });
    const shown = await server.api(ann, 'GET', `${repository.api}/commits/${sha}`);
    expect(await shown.json()).toMatchObject({ sha, subject: 'first' });
    expect((await push(`:refs/heads/${sha}`)).code).toBe(0);
    await git(repository.dir, ['update-ref', '-d', 'refs/heads/other']);
  });

  it('would come in without the check: the mutant is seen', async () => {
    const letAllIn = (store: GitStore): GitStore => ({
      ...store,
      receivePack: (repoPath, options) =>
        store.receivePack(repoPath, {
          ...options,
          onPush: async (push) => {
            (await push.accept())?.finish([]);
          },
        }),
    });
    const mutant = await startGitServer({ wrap: letAllIn });
    const eve = await mutant.user('eve', 'developer');
    const open = await mutant.project(eve, 'open');
    const newSha = (await tree.git('rev-parse', 'HEAD')).trim();
    for (const name of ['-x', '$(id)', 'a;id']) {
      await rawPush(open, eve, tree.dir, [{ ref: fullRef(name), newSha }]);
    }
    expect(await refsOf(open)).toEqual(['refs/heads/$(id)', 'refs/heads/-x', 'refs/heads/a;id']);
    await mutant.stop();
  }, 240_000);
});
