import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createGitStore } from '../../adapters/git/git-store.ts';
import { checkoutNotices, checkoutScript } from '../../adapters/workspace/checkout.ts';
import type { GitClone, GitStore } from '../../contracts/git/store.ts';
import { removeFolder } from '../support/remove-folder.ts';
import { openStepBench, runStep, type StepBench } from '../support/steps.ts';

const origin = 'https://slipway.example.test/ann/app.git';

describe('the checkout of a run', () => {
  let bench: StepBench;
  let store: GitStore;
  let home: string;
  let work: string;
  let count = 0;

  const git = (...args: string[]): string =>
    execFileSync('git', args, {
      cwd: work,
      encoding: 'utf8',
      env: {
        ...process.env,
        GIT_CONFIG_GLOBAL: '/dev/null',
        GIT_CONFIG_NOSYSTEM: '1',
        GIT_AUTHOR_NAME: 'Ann',
        GIT_AUTHOR_EMAIL: 'ann@example.test',
        GIT_COMMITTER_NAME: 'Ann',
        GIT_COMMITTER_EMAIL: 'ann@example.test',
      },
    }).trim();
  const commit = (name: string, text: string): string => {
    writeFileSync(join(work, name), text);
    git('add', '-A');
    git('commit', '-qm', `${name} ${text}`);
    return git('rev-parse', 'HEAD');
  };
  const push = (): string =>
    git('push', '-q', '--force', '--all', join(home, 'ann/app.git')) +
    git('push', '-q', '--force', '--tags', join(home, 'ann/app.git'));

  beforeAll(async () => {
    bench = await openStepBench({ egress: false, warmNetworks: 0 });
    home = mkdtempSync(join(tmpdir(), 'slipway-checkout-'));
    work = join(home, 'work');
    mkdirSync(work);
    store = createGitStore({ root: home, hooksDir: join(home, 'hooks') });
    await store.create('ann/app.git', 'main');
    git('init', '-q', '-b', 'main');
  }, 240_000);
  afterAll(async () => {
    await bench.close();
    await removeFolder(home);
  });

  /** Checks a commit out for a run of its own; what its first step would be told, and what commands print there. */
  const checkout = async (clone: Partial<GitClone> & { sha: string }) => {
    count += 1;
    const runId = `run_${String(count)}`;
    const of = { ref: 'refs/heads/main', depth: 20, tags: false, origin, ...clone };
    const said = await bench.workspaces.prepareBase(runId, {
      fill: (tree) => store.layClone('ann/app.git', tree, of),
      script: checkoutScript,
    });
    const space = await bench.workspaces.beginStep(runId, 'step', 1, []);
    const shell = async (...commands: string[]): Promise<string[]> => {
      const { output } = await runStep(bench.executor, space, commands);
      return output.split('\n').filter((line) => line !== '' && !line.startsWith('$ '));
    };
    return { notices: checkoutNotices(said), shell, space };
  };

  it('has what git checks out: attributes, links, modes; and says what it leaves out [A-PIPE-04]', async () => {
    mkdirSync(join(work, 'tests'));
    writeFileSync(join(work, 'tests', 'a.test'), 'x');
    writeFileSync(join(work, 'id.txt'), '$Format:%H$\n');
    writeFileSync(join(work, 'dos.bat'), 'a\nb\n');
    writeFileSync(join(work, 'wide.txt'), Buffer.from('hä\n', 'utf16le'));
    writeFileSync(join(work, 'run.sh'), '#!/bin/sh\n');
    chmodSync(join(work, 'run.sh'), 0o755);
    symlinkSync('tests/a.test', join(work, 'link'));
    const pointer = 'version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n';
    writeFileSync(join(work, 'big.bin'), pointer);
    const attributes = [
      '/tests export-ignore',
      'id.txt export-subst',
      '*.bat text eol=crlf',
      'wide.txt working-tree-encoding=UTF-16LE',
      '*.bin filter=lfs',
    ];
    writeFileSync(join(work, '.gitattributes'), `${attributes.join('\n')}\n`);
    git('update-index', '--add', '--cacheinfo', `160000,${'1'.repeat(40)},libs/other`);
    git('add', '.gitattributes');
    git('add', '-A', '--', ':!libs');
    git('commit', '-qm', 'all kinds');
    push();
    const { notices, shell } = await checkout({ sha: git('rev-parse', 'HEAD') });
    expect(
      await shell(
        ...['git status --porcelain', 'ls tests', 'cat id.txt', 'od -An -c dos.bat'],
        ...['od -An -tx1 wide.txt', 'test -x run.sh && readlink link', 'head -c 7 big.bin; echo'],
        ...['test -d libs/other && stat -c %U . .git run.sh | sort -u'],
      ),
    ).toEqual([
      ...['a.test', '$Format:%H$', '   a  \\r  \\n   b  \\r  \\n', ' 68 00 e4 00 0a 00'],
      ...['tests/a.test', 'version', 'build'],
    ]);
    expect(notices).toEqual([
      'submodule libs/other is an empty folder: fetch it in a step, by git submodule update --init',
      'files of Git LFS are there as pointers, big.bin for one: their contents are not kept here',
    ]);
  }, 60_000);

  it('is on its branch, with as much of the history as is asked for, and its tags [A-PIPE-04]', async () => {
    git('checkout', '-q', '--orphan', 'line');
    git('rm', '-rqf', '.');
    commit('a', '1');
    git('tag', '-a', 'v1', '-m', 'one');
    commit('a', '2');
    git('checkout', '-q', '-b', 'side');
    commit('b', '1');
    git('tag', 'other');
    git('checkout', '-q', 'line');
    const sha = commit('a', '3');
    push();
    const ask = ['git describe --tags', 'git rev-list --count HEAD', 'git branch -vv | cut -c1-40'];
    const deep = await checkout({ sha, ref: 'refs/heads/line' });
    expect(await deep.shell(...ask, 'git remote get-url origin', 'git tag', 'git fsck')).toEqual([
      ...[
        'v1-2-g' + sha.slice(0, 7),
        '3',
        expect.stringMatching(/^\* line [0-9a-f]{7} \[origin\/line\]/),
      ],
      ...[origin, 'v1'],
    ]);
    const flat = await checkout({ sha, ref: 'refs/heads/line', depth: 1 });
    expect(
      await flat.shell('git rev-list --count HEAD; git tag; git rev-parse --is-shallow-repository'),
    ).toEqual(['1', 'true']);
    const tagged = await checkout({ sha, ref: 'refs/heads/line', depth: 1, tags: true });
    expect(
      await tagged.shell('git tag; git show other:b v1:a; git rev-list --count HEAD; git fsck'),
    ).toEqual(['other', 'v1', '111']);
    const whole = await checkout({ sha, ref: 'refs/heads/line', depth: 0 });
    expect(
      await whole.shell(
        'git rev-list --count HEAD; git tag; git rev-parse --is-shallow-repository',
      ),
    ).toEqual(['3', 'v1', 'false']);
    const one = await checkout({ sha: git('rev-parse', 'v1^{commit}'), ref: 'refs/tags/v1' });
    expect(
      await one.shell('git describe --exact-match; git symbolic-ref -q HEAD || echo detached'),
    ).toEqual(['v1', 'detached']);
  }, 60_000);

  it('needs nothing of where it was made, takes any name of a branch, and knows no other branch [A-PIPE-04]', async () => {
    const ref = 'refs/heads/we"ird/x]-é';
    git('checkout', '-q', '-b', ref.slice('refs/heads/'.length));
    const sha = commit('c', '1');
    push();
    const { shell, space } = await checkout({ sha, ref });
    expect(
      await shell(
        'git rev-parse --symbolic-full-name @{upstream} HEAD',
        'git branch -a | wc -l',
        'echo 1 > n; git add n; git -c user.name=x -c user.email=x@y commit -qm n; git status --porcelain | wc -l',
      ),
    ).toEqual([ref.replace('heads', 'remotes/origin'), ref, '2', '0']);
    const made = join(space.root, space.layers[0] ?? space.upper, 'workspace/.git');
    expect(readFileSync(join(made, 'config'), 'utf8')).not.toContain(home);
    await expect(checkout({ sha: '1'.repeat(40) })).rejects.toMatchObject({ code: 'not_found' });
  }, 60_000);

  it('writes nothing through a link of the repository, and nothing that passes for git’s own [A-PIPE-04]', async () => {
    const blob = (text: string): string =>
      execFileSync('git', ['hash-object', '-w', '--stdin'], {
        cwd: work,
        input: text,
        encoding: 'utf8',
      }).trim();
    const mktree = (...lines: string[]): string =>
      execFileSync('git', ['mktree', '--missing'], {
        cwd: work,
        input: lines.map((line) => `${line}\n`).join(''),
        encoding: 'utf8',
      }).trim();
    const hooks = mktree(`100755 blob ${blob('#!/bin/sh\ntouch /workspace/ran\n')}\tpost-checkout`);
    const evil = mktree(
      `040000 tree ${mktree(`040000 tree ${hooks}\thooks`)}\t.GIT`,
      `100644 blob ${blob('x')}\tok`,
    );
    const sha = git('commit-tree', '-m', 'evil', evil);
    git('push', '-q', join(home, 'ann/app.git'), `${sha}:refs/heads/evil`);
    const made = await checkout({ sha, ref: 'refs/heads/evil' }).catch((error: unknown) => error);
    if (made instanceof Error) expect(made).toMatchObject({ code: 'unprocessable' });
    else
      expect(
        await (made as Awaited<ReturnType<typeof checkout>>).shell(
          'ls .git/hooks ran 2> /dev/null',
        ),
      ).toEqual([]);
  }, 60_000);
});
