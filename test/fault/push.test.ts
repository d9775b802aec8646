import { randomBytes } from 'node:crypto';
import { mkdtemp, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { holds } from '../support/eventually.ts';
import {
  childrenLike,
  commitOn,
  eventsOf,
  gitWithFullDisk,
  headOf,
  killLike,
  makePlace,
  quarantines,
  startFaultyGitServer,
  type FaultyGitServer,
} from '../support/faulty-git.ts';
import { makeWorkTree } from '../support/git-client.ts';
import { git } from '../support/git-server.ts';
import { Ledger } from '../support/ledger.ts';
import { removeFolder } from '../support/remove-folder.ts';

// Many git processes; a loaded machine takes its time.
jest.setTimeout(240_000);

let server: FaultyGitServer;

beforeAll(async () => {
  server = await startFaultyGitServer();
}, 240_000);

afterAll(() => server.stop());

describe('rejected and broken pushes (D1)', () => {
  it('leave no object behind in 100 tries, and nothing that is not swept [A-GIT-03]', async () => {
    const { repository, tree, base } = await makePlace(server, 'broken');
    const ledger = new Ledger('D1');
    const commits: string[] = [];
    const kinds = ['refused', 'killed', 'gone'] as const;
    for (let n = 0; n < 100; n += 1) {
      const sha = await commitOn(tree, base, `try ${String(n)}`);
      commits.push(sha);
      const kind = kinds[ledger.between(0, 2)] ?? 'refused';
      if (kind === 'killed') {
        server.faults.meddle = async () => {
          if ((await killLike('receive-pack --stateless-rpc')) > 0) ledger.fault('killed');
        };
      }
      if (kind === 'gone') {
        server.faults.meddle = async () => {
          if ((await killLike('git-remote-http')) > 0) ledger.fault('gone');
          await new Promise((resolve) => setTimeout(resolve, 50));
        };
      }
      const token = kind === 'refused' ? server.viewer.token : server.ann.token;
      const push = await git(tree.dir, ['push', 'origin', `${sha}:refs/heads/main`], { token });
      if (kind === 'refused') ledger.fault('refused');
      expect({ n, kind, failed: push.code !== 0 }).toEqual({ n, kind, failed: true });
      server.faults.meddle = null;
    }
    for (const kind of kinds) expect(ledger.faults.get(kind) ?? 0).toBeGreaterThan(10);
    for (const sha of commits) {
      expect((await git(repository.dir, ['cat-file', '-e', sha])).code).not.toBe(0);
    }
    expect(await headOf(repository)).toBe(base);
    // git may still be taking away what the last push left
    await holds(async () => expect(await childrenLike('receive-pack')).toEqual([]));
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
    expect(await eventsOf(server, repository.id, 'git.pushed')).toHaveLength(1);
    await tree.remove();
  }, 240_000);
});

describe('a push onto a full disk', () => {
  it('is refused in words that say what is full and who has to see to it, and leaves nothing [A-HLT-02]', async () => {
    const folder = await mkdtemp(path.join(tmpdir(), 'slipway-full-'));
    const small = await startFaultyGitServer({ gitPath: await gitWithFullDisk(folder) });
    const target = await small.project(small.ann, 'full');
    const tree = await makeWorkTree(target.url, small.ann.token);
    await writeFile(path.join(tree.dir, 'big'), randomBytes(256 * 1024));
    await tree.commit('big');
    const push = await git(tree.dir, ['push', 'origin', 'main'], { token: small.ann.token });
    expect(push.code).not.toBe(0);
    expect(push.stderr).toContain('No space left on device');
    expect(push.stderr).toContain('remote: The disk of the repositories is full (disk_full)');
    expect(await small.store.listRefs('ann/full.git')).toEqual([]);
    expect(await quarantines(target)).toEqual([]);
    await tree.remove();
    await small.stop();
    await removeFolder(folder);
  });
});
