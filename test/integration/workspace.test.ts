import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { execFileSync, spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable, type Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { WorkspaceMount } from '../../adapters/executor/executor.ts';
import { foldersOf } from '../../adapters/disk/free-space.ts';
import { createSpawner } from '../../adapters/spawner/spawner.ts';
import { configSchema } from '../../contracts/config.ts';
import { openBuildHost } from '../../workers/build-host.ts';
import { removeFolder } from '../support/remove-folder.ts';
import { baseOfTar, openStepBench, runStep, type StepBench } from '../support/steps.ts';
import {
  createWorkspaceStore,
  type WorkspaceStore,
} from '../../adapters/workspace/workspace-store.ts';

/** The same behaviour is asked of layers and of copies. */
const kinds = ['overlay', 'directory'] as const;

describe.each(kinds)('a run workspace by %s', (kind) => {
  let bench: StepBench;
  let store: WorkspaceStore;
  let runId: string;
  let count = 0;

  beforeAll(async () => {
    bench = await openStepBench();
    const root = join(bench.folder, kind);
    const contain = bench.executor.contain.bind(bench.executor);
    store = createWorkspaceStore({
      root,
      contain,
      owner: process.getuid?.() === 0 ? { uid: 65534, gid: 65534 } : null,
      kind,
    });
  }, 240_000);
  afterAll(() => bench.close());

  beforeEach(async () => {
    count += 1;
    runId = `run_${String(count)}`;
    const source = join(bench.folder, `source-${kind}-${String(count)}`);
    mkdirSync(source);
    writeFileSync(join(source, 'a.txt'), 'base\n');
    writeFileSync(join(source, 'b.txt'), 'base\n');
    const tar = spawn('tar', ['-C', source, '-cf', '-', '.'], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await store.prepareBase(runId, baseOfTar(tar.stdout));
  });

  const shell = async (space: WorkspaceMount, ...commands: string[]): Promise<string> => {
    const end = await runStep(bench.executor, space, commands);
    return end.output
      .split('\n')
      .filter((line) => !line.startsWith('$ '))
      .join('\n');
  };

  it('shows a step what its ancestors committed, and not what others did', async () => {
    const build = await store.beginStep(runId, 'build', 1, []);
    await shell(build, 'echo built > out.txt; echo changed > a.txt; rm b.txt');
    await store.commitStep(build);
    const other = await store.beginStep(runId, 'other', 1, []);
    expect(await shell(other, 'ls; cat a.txt')).toBe('a.txt\nb.txt\nbase\n');
    const test = await store.beginStep(runId, 'test', 1, ['build']);
    expect(await shell(test, 'ls; cat a.txt out.txt')).toBe('a.txt\nout.txt\nchanged\nbuilt\n');
  });

  it('joins what two ancestors made side by side', async () => {
    for (const name of ['left', 'right']) {
      const space = await store.beginStep(runId, name, 1, []);
      await shell(space, `echo ${name} > ${name}.txt`);
      await store.commitStep(space);
    }
    const join = await store.beginStep(runId, 'join', 1, ['left', 'right']);
    expect(await shell(join, 'cat left.txt right.txt a.txt')).toBe('left\nright\nbase\n');
  });

  it('starts every attempt of a step from the same tree', async () => {
    const first = await store.beginStep(runId, 'build', 1, []);
    await shell(first, 'echo half > half.txt; echo broken > a.txt');
    const second = await store.beginStep(runId, 'build', 2, []);
    expect(await shell(second, 'ls; cat a.txt')).toBe('a.txt\nb.txt\nbase\n');
    await expect(store.commitStep(first)).rejects.toMatchObject({ code: 'conflict' });
    await store.commitStep(second);
    await store.commitStep(second);
  });

  it('keeps the home of a step from the next one', async () => {
    const login = await store.beginStep(runId, 'login', 1, []);
    expect(await shell(login, 'echo token > ~/.token; echo $HOME; ls -A ~')).toBe(
      '/home/build\n.token\n',
    );
    await store.commitStep(login);
    const after = await store.beginStep(runId, 'after', 1, ['login']);
    expect(await shell(after, 'ls -A ~')).toBe('');
  });

  it('collects from a tree that was committed', async () => {
    const space = await store.beginStep(runId, 'build', 1, []);
    await shell(space, 'mkdir -p dist .git; echo x > dist/x.js; echo x > .git/HEAD; rm b.txt');
    const committed = await store.commitStep(space);
    const paths: string[] = [];
    for await (const file of bench.executor.collect(committed, ['**'])) paths.push(file.path);
    expect(paths.sort()).toEqual(['a.txt', 'dist/x.js']);
    for await (const file of bench.executor.collect(committed, ['.git/HEAD']))
      paths.push(file.path);
    expect(paths).toContain('.git/HEAD');
  });

  it('refuses to begin on an ancestor that has not committed, or without a checkout', async () => {
    await expect(store.beginStep(runId, 'test', 1, ['build'])).rejects.toMatchObject({
      code: 'conflict',
    });
    await expect(store.beginStep('run_none', 'a', 1, [])).rejects.toMatchObject({
      code: 'not_found',
    });
    await expect(store.beginStep('../x', 'a', 1, [])).rejects.toMatchObject({
      code: 'validation_failed',
    });
  });

  it('throws away an attempt, a run, and what dead runs left', async () => {
    const space = await store.beginStep(runId, 'build', 1, []);
    await shell(space, 'mkdir -p deep/er; chmod 000 deep; : > "-rf"');
    await store.discardStep(space);
    await store.discardStep(space);
    expect(readdirSync(join(space.root, 'a'))).toEqual([]);
    expect(await store.sweep((id) => Promise.resolve(id === runId))).toBe(count - 1);
    expect(existsSync(space.root)).toBe(true);
    await store.removeRun(runId);
    expect(existsSync(space.root)).toBe(false);
    count = 0;
  });
});

describe('unpacking a checkout', () => {
  let bench: StepBench;
  beforeAll(async () => {
    bench = await openStepBench();
  });
  afterAll(() => bench.close());

  it('writes nothing outside the run, whatever the archive names (E8)', async () => {
    const evil = join(bench.folder, 'evil');
    const target = join(bench.folder, 'target');
    mkdirSync(evil);
    mkdirSync(target);
    execFileSync('chmod', ['777', target, bench.folder]);
    // A link, then a file through it; an absolute name; a name that climbs.
    execFileSync('ln', ['-s', target, join(evil, 'link')]);
    const first = execFileSync('tar', ['-C', evil, '-cf', '-', '--record-size=512', 'link']);
    execFileSync('rm', [join(evil, 'link')]);
    mkdirSync(join(evil, 'link'));
    writeFileSync(join(evil, 'link/through'), 'x');
    const rename = ['--transform', `s,^climb,../../../../../..${target}/climb,`];
    writeFileSync(join(evil, 'climb'), 'x');
    const args = ['-C', evil, '-P', '-cf', '-', '--record-size=512', ...rename];
    const second = execFileSync('tar', [...args, 'link/through', 'climb']);
    const archive = Buffer.concat([first.subarray(0, 512), second]);
    const unpacked = bench.workspaces.prepareBase('run_evil', baseOfTar(Readable.from([archive])));
    await unpacked.catch(() => undefined);
    expect(readdirSync(target)).toEqual([]);
  });

  it('refuses what is not an archive, and one that is cut short', async () => {
    const notTar = bench.workspaces.prepareBase(
      'run_bad',
      baseOfTar(Readable.from([Buffer.alloc(2048, 'x')])),
    );
    await expect(notTar).rejects.toMatchObject({ code: 'unprocessable' });
    const whole = execFileSync('tar', ['-C', '/usr/bin', '-cf', '-', 'tar']);
    const cut = bench.workspaces.prepareBase(
      'run_cut',
      baseOfTar(Readable.from([whole.subarray(0, 9000)])),
    );
    await expect(cut).rejects.toMatchObject({ code: 'unprocessable' });
    expect(await bench.workspaces.hasBase('run_cut')).toBe(false);
  });

  const contain = (script: string, feed: (stdin: Writable) => Promise<void>) => {
    const directory = mkdtempSync(join(bench.folder, 'contained-'));
    chmodSync(directory, 0o755);
    const limits = { timeoutMs: 60_000, diskBytes: 1024 ** 2 };
    return bench.executor.contain({ directory, script, feed, ...limits });
  };

  it('ends with the program, also when whatever feeds it would wait for ever (E8)', async () => {
    // Node's own pipeline never settles when the reader closed what it had read to the end.
    const slowly = async function* (): AsyncGenerator<Buffer> {
      yield Buffer.alloc(10);
      await new Promise((resolve) => setTimeout(resolve, 700));
      for (let left = 5; left > 0; left -= 1) yield Buffer.alloc(100_000);
    };
    const feed = (stdin: Writable): Promise<void> => pipeline(slowly(), stdin);
    const refused = await contain('head -c 10 > /dev/null; echo no; exit 3\n', feed);
    expect(refused).toEqual({ code: 3, output: 'no' });
    const never = await contain('exit 0\n', () => new Promise(() => undefined));
    expect(never.code).toBe(0);
  });

  it('takes no input that broke off for a whole one, and does not wait for the rest (E8)', async () => {
    const started = Date.now();
    const broken = await contain('cat; echo read\n', () => Promise.reject(new Error('no source')));
    expect(broken).toEqual({ code: null, output: 'read\nits input broke off: no source' });
    expect(Date.now() - started).toBeLessThan(30_000);
  });
});

describe('the folder of runs', () => {
  it('is where storage.runsRoot says, with what earlier versions had elsewhere [A-CFG-04]', async () => {
    const home = mkdtempSync(join(tmpdir(), 'slipway-home-'));
    mkdirSync(join(home, 'workspaces', 'run_old', 'base', 'workspace'), { recursive: true });
    const config = configSchema.parse({ home, storage: { runsRoot: 'elsewhere/runs' } });
    const spawner = createSpawner();
    const log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
    const host = await openBuildHost(config, process.env, log, spawner);
    try {
      expect(await host.workspaces.hasBase('run_old')).toBe(true);
      const { root } = await host.workspaces.beginStep('run_old', 'step', 1, []);
      expect(root).toBe(join(home, 'elsewhere/runs/run_old'));
      expect(foldersOf(config).map((one) => one.path)).toContain(join(home, 'elsewhere/runs'));
    } finally {
      await host.executor.close();
      await spawner.close();
      await removeFolder(home);
    }
  });
});
