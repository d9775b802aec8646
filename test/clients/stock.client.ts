import { copyFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { makeWorkTree, type WorkTree } from '../support/git-client.ts';
import {
  git,
  startGitServer,
  type GitServer,
  type TestRepository,
  type TestUser,
} from '../support/git-server.ts';
import { isThere, mustRun, programs, run } from './run.ts';

interface Client {
  name: string;
  needs: string[];
  /** Installs it into a folder of its own. @returns the command that runs its program, to which the arguments are added */
  install(folder: string): Promise<string[]>;
}

const python = (name: string, pinned: string, program: string): Client => ({
  name,
  needs: ['python3'],
  async install(folder) {
    await mustRun(folder, 'python3', '-m', 'venv', 'env');
    await mustRun(folder, 'env/bin/pip', 'install', '--quiet', pinned);
    return [path.join(folder, 'env/bin/python'), path.join(programs, program)];
  },
});

const jgitVersion = '6.10.0.202406032230-r';
const pom = `<project><modelVersion>4.0.0</modelVersion>
<groupId>clients</groupId><artifactId>clients</artifactId><version>1</version><dependencies>
<dependency><groupId>org.eclipse.jgit</groupId><artifactId>org.eclipse.jgit</artifactId><version>${jgitVersion}</version></dependency>
<dependency><groupId>org.slf4j</groupId><artifactId>slf4j-nop</artifactId><version>1.7.36</version></dependency>
</dependencies></project>`;

const clients: Client[] = [
  python('dulwich', 'dulwich==0.22.8', 'dulwich_client.py'),
  python('libgit2 (pygit2)', 'pygit2==1.18.0', 'pygit2_client.py'),
  {
    name: 'isomorphic-git',
    needs: ['npm'],
    async install(folder) {
      await writeFile(path.join(folder, 'package.json'), '{"private":true}');
      await mustRun(folder, 'npm', 'install', '--silent', '--no-audit', 'isomorphic-git@1.44.19');
      await copyFile(path.join(programs, 'isomorphic-git-client.mjs'), `${folder}/client.mjs`);
      return [process.execPath, path.join(folder, 'client.mjs')];
    },
  },
  {
    name: 'go-git',
    needs: ['go'],
    async install(folder) {
      await copyFile(path.join(programs, 'client.go'), path.join(folder, 'main.go'));
      await mustRun(folder, 'go', 'mod', 'init', 'clients');
      await mustRun(folder, 'go', 'get', 'github.com/go-git/go-git/v5@v5.19.3');
      await mustRun(folder, 'go', 'build', '-o', 'client', '.');
      return [path.join(folder, 'client')];
    },
  },
  {
    name: 'JGit',
    needs: ['java', 'mvn'],
    async install(folder) {
      await writeFile(path.join(folder, 'pom.xml'), pom);
      await mustRun(folder, 'mvn', '-q', 'dependency:copy-dependencies', '-DoutputDirectory=lib');
      return ['java', '-cp', path.join(folder, 'lib/*'), path.join(programs, 'Client.java')];
    },
  },
];

let server: GitServer;
let ann: TestUser;
let scratch: string;

beforeAll(async () => {
  server = await startGitServer();
  ann = await server.user('ann', 'developer', 'maintainer');
  scratch = await mkdtemp(path.join(tmpdir(), 'slipway-clients-'));
});

afterAll(async () => {
  expect(server.errors).toEqual([]);
  await server.stop();
  // Go's cache of modules cannot be written to by anybody.
  await rm(scratch, { recursive: true, force: true, maxRetries: 3 });
});

/** A project with a commit on main, which may not be pushed to any more. */
async function guarded(name: string): Promise<{ repository: TestRepository; tree: WorkTree }> {
  const repository = await server.project(ann, name);
  const tree = await makeWorkTree(repository.url, ann.token);
  await tree.write({ 'README.md': '# Hello\n' });
  await tree.commit('first');
  await tree.git('push', '-q', 'origin', 'main');
  const rule = { pattern: 'main' };
  const { status } = await server.api(ann, 'POST', `${repository.api}/protected-branches`, rule);
  expect(status).toBe(201);
  return { repository, tree };
}

async function refsOf(repository: TestRepository): Promise<string[]> {
  const format = '--format=%(refname) %(objecttype)';
  const { stdout } = await git(repository.dir, ['for-each-ref', format]);
  return stdout.trim().split('\n');
}

describe.each(clients)('$name', ({ name, needs, install }) => {
  const missing = needs.filter((command) => !isThere(command));
  const test = missing.length === 0 ? it : it.skip;
  const slug = name.replace(/\W+/g, '-').toLowerCase().replace(/-$/, '');
  let repository: TestRepository;
  let tree: WorkTree;
  let command: string[];
  let folder: string;

  beforeAll(async () => {
    if (missing.length > 0) return;
    ({ repository, tree } = await guarded(slug));
    const home = path.join(scratch, slug);
    await mkdir(home);
    command = await install(home);
    folder = path.join(home, 'clone');
  });
  afterAll(async () => {
    if (missing.length === 0) await tree.remove();
  });

  const does = (verb: string, what = '') => {
    const [program = '', ...args] = command;
    return run(scratch, program, [...args, verb, repository.url, ann.token, folder, what]);
  };

  test('clones', async () => {
    expect(await does('clone')).toMatchObject({ code: 0 });
    const head = await git(folder, ['rev-parse', 'HEAD']);
    expect(head.stdout).toBe(await tree.git('rev-parse', 'HEAD'));
  });

  test('pushes a branch', async () => {
    expect(await does('push', 'refs/heads/topic')).toMatchObject({ code: 0 });
    expect(await refsOf(repository)).toContain('refs/heads/topic commit');
  });

  test('pushes an annotated tag', async () => {
    expect(await does('tag', 'v1')).toMatchObject({ code: 0 });
    expect(await refsOf(repository)).toContain('refs/tags/v1 tag');
  });

  test('hears why a protected branch is refused', async () => {
    const { code, text } = await does('push', 'refs/heads/main');
    expect({ code, text }).toMatchObject({ code: 1 });
    expect(text).toMatch(/pre-receive hook declined|is protected/);
  });

  test('hears that a ref of the server is refused', async () => {
    const { code, text } = await does('push', 'refs/pull/1/head');
    expect({ code, text }).toMatchObject({ code: 1 });
    expect(text).toMatch(/hidden ref|belongs to the server/);
  });
});

describe('git', () => {
  let repository: TestRepository;
  let tree: WorkTree;

  beforeAll(async () => {
    ({ repository, tree } = await guarded('stock'));
  });
  afterAll(() => tree.remove());

  const push = (...args: string[]) => git(tree.dir, ['push', ...args], { token: ann.token });

  it('pushes tags of all kinds', async () => {
    await tree.git('tag', 'light');
    await tree.git('tag', '-a', '-m', 'one', 'annotated');
    await tree.git('tag', '-a', '-m', 'two', 'nested', 'annotated');
    await tree.git('tag', 'blob', 'HEAD:README.md');
    await tree.git('tag', '-a', '-m', 'three', 'annotated-blob', 'HEAD:README.md');
    await tree.git('tag', 'tree', 'HEAD^{tree}');
    expect(await push('origin', '--tags')).toMatchObject({ code: 0 });
    expect(await refsOf(repository)).toEqual(
      expect.arrayContaining([
        'refs/tags/annotated tag',
        'refs/tags/annotated-blob tag',
        'refs/tags/blob blob',
        'refs/tags/light commit',
        'refs/tags/nested tag',
        'refs/tags/tree tree',
      ]),
    );
  });

  it('pushes with push options', async () => {
    const refspec = 'HEAD:refs/heads/with-options';
    expect(await push('-o', 'ci.skip', 'origin', refspec)).toMatchObject({ code: 0 });
  });

  it('mirrors there and back', async () => {
    const copy = path.join(scratch, 'mirror.git');
    const clone = ['clone', '-q', '--mirror', repository.url, copy];
    expect(await git(scratch, clone, { token: ann.token })).toMatchObject({ code: 0 });
    await git(copy, ['update-ref', 'refs/pull/9/head', 'HEAD']);
    const target = await server.project(ann, 'mirrored');
    const pushed = await git(copy, ['push', '--mirror', target.url], { token: ann.token });
    expect(pushed.stderr).toContain('deny updating a hidden ref');
    expect(await refsOf(target)).toEqual(await refsOf(repository));
  });

  it('hears why a protected branch is refused', async () => {
    await tree.commit('more');
    const { code, stderr } = await push('origin', 'main');
    expect(code).not.toBe(0);
    expect(stderr).toContain('The branch main is protected');
  });
});
