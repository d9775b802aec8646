import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { makeWorkTree, type WorkTree } from '../support/git-client.ts';
import {
  git,
  gitBytes,
  startGitServer,
  type GitServer,
  type TestRepository,
  type TestUser,
} from '../support/git-server.ts';

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
}, 120_000);

afterAll(async () => {
  await server.stop();
  await rm(scratch, { recursive: true, force: true });
});

async function pushedProject(
  name: string,
  files: Record<string, string> = { 'README.md': '# Hello\n' },
): Promise<{ repository: TestRepository; tree: WorkTree; sha: string }> {
  const repository = await server.project(ann, name);
  const tree = await makeWorkTree(repository.url, ann.token);
  await tree.write(files);
  const sha = await tree.commit('first');
  await tree.git('push', '--quiet', 'origin', 'main');
  return { repository, tree, sha };
}

describe('git over HTTP', () => {
  it('serves stock clone, push and fetch with equal heads, protocol 0 and 2, and shallow [A-GIT-01]', async () => {
    const { repository, tree, sha } = await pushedProject('flow', {
      'src/a.ts': 'export {};\n',
      'big.bin': randomBytes(200_000).toString('base64'),
    });
    for (const version of ['0', '2']) {
      const clone = await git(scratch, ['-c', `protocol.version=${version}`, 'clone', '-q', repository.url, `flow${version}`], {
        token: ann.token,
      });
      expect(clone.stderr).toBe('');
      const head = await git(path.join(scratch, `flow${version}`), ['rev-parse', 'HEAD']);
      expect(head.stdout.trim()).toBe(sha);
      expect((await git(path.join(scratch, `flow${version}`), ['fsck', '--strict'])).code).toBe(0);
    }
    await tree.write({ 'src/b.ts': 'export {};\n' });
    const second = await tree.commit('second');
    await tree.git('push', '--quiet', 'origin', 'main', 'HEAD:refs/tags/v1');
    const clone = path.join(scratch, 'flow2');
    expect((await git(clone, ['fetch', '-q'], { token: ann.token })).code).toBe(0);
    expect((await git(clone, ['rev-parse', 'origin/main'])).stdout.trim()).toBe(second);
    const shallow = await git(scratch, ['clone', '-q', '--depth', '1', repository.url, 'shallow'], { token: ann.token });
    expect(shallow.code).toBe(0);
    expect((await git(path.join(scratch, 'shallow'), ['rev-list', '--count', 'HEAD'])).stdout.trim()).toBe('1');
    expect(server.errors).toEqual([]);
    await tree.remove();
  });
});
