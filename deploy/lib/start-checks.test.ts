import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { StartFailure } from './failure.mjs';
import { checkNode } from './prepare.mjs';
import { ensurePrograms } from './system-packages.mjs';
import { neighbourWarning, otherPeople } from './neighbours.mjs';
import { bar } from './progress.mjs';
import { countPackages, obtainTemporal } from './temporal-binary.mjs';
import { mayEnter } from './postgres-program.mjs';
import { problemIn } from './log-file.mjs';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'slipway-checks-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function program(name: string, script: string): Promise<void> {
  await writeFile(path.join(folder, name), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
}

const needs = [{ program: 'some-sandbox', package: 'some-package', why: 'the sandbox of steps' }];
const machine = (root: boolean) => ({
  platform: 'linux' as const,
  root,
  searchPath: `${folder}:/usr/bin:/bin`,
  tell: () => undefined,
});

describe('system packages', () => {
  it('tells a user who is not root the command that installs what is missing [A-CORE-02]', async () => {
    await program('apt-get', 'exit 9');
    await expect(ensurePrograms(needs, machine(false))).rejects.toThrow(
      'Missing: some-sandbox (the sandbox of steps); run `sudo apt-get install -y some-package` and start again.',
    );
  });

  it('installs what is missing as root, and fetches package lists when there are none [A-CORE-02]', async () => {
    // the first install fails, as on a machine without package lists
    await program(
      'apt-get',
      `echo "$@" >> ${folder}/calls; [ "$1" = update ] && exit 0; [ "$(grep -c install ${folder}/calls)" = 2 ] || exit 100
       printf '#!/bin/sh\\n' > ${folder}/some-sandbox; chmod +x ${folder}/some-sandbox`,
    );
    await expect(ensurePrograms(needs, machine(true))).resolves.toBe('some-package');
    const calls = (await readFile(path.join(folder, 'calls'), 'utf8')).trim().split('\n');
    expect(calls.map((call) => call.split(' ')[0])).toEqual(['install', 'update', 'install']);
  });

  it('says what failed when an install as root brings nothing [A-CORE-02]', async () => {
    await program('apt-get', 'echo "E: Unable to locate package"; exit 100');
    await expect(ensurePrograms(needs, machine(true))).rejects.toThrow(
      'Could not install some-package (E: Unable to locate package)',
    );
  });

  it('does nothing when all is there', async () => {
    await program('some-sandbox', 'exit 0');
    await program('apt-get', `touch ${folder}/called`);
    await expect(ensurePrograms(needs, machine(true))).resolves.toBeNull();
    await expect(readFile(path.join(folder, 'called'))).rejects.toThrow('ENOENT');
  });
});

describe('what a start needs', () => {
  it.each(['18.20.0', '20.2.0'])('refuses Node %s in one sentence', (version) => {
    expect(() => checkNode(version)).toThrow(
      `Node ${version} is too old: Slipway needs Node 20.3 or later`,
    );
  });

  it.each(['20.3.0', '22.0.0'])('accepts Node %s', (version) => {
    expect(checkNode(version)).toBe(`v${version}`);
  });

  it('names every way out when there is no Temporal and no way to get one [A-CORE-02]', async () => {
    await mkdir(path.join(folder, 'run'));
    const closed = {
      whyNoDownload: () => Promise.resolve('ENOTFOUND'),
      goProgram: () => Promise.resolve(null),
    };
    const failure = await obtainTemporal(folder, () => undefined, closed).catch(
      (error: unknown) => error,
    );
    expect(failure).toBeInstanceOf(StartFailure);
    expect(String(failure)).toMatch(
      /its download failed: ENOTFOUND.*Temporal CLI.*Go 1\.21.*TEMPORAL_ADDRESS/,
    );
  });

  it('builds Temporal without waiting for npm packages, and tells how far it is [A-CORE-02]', async () => {
    await mkdir(path.join(folder, 'run'), { recursive: true });
    const go = path.join(folder, 'go-in-words');
    const says = `printf 'go: downloading example.test/a v1.0.0\\ninternal/cpu\\nexample.test/a/b-c\\n' >&2`;
    await writeFile(go, `#!/bin/sh\n${says}\nexit 1\n`, { mode: 0o755 });
    const told: number[] = [];
    const failure = await obtainTemporal(folder, () => undefined, {
      whyNoDownload: () => Promise.resolve('ENOTFOUND'),
      goProgram: () => Promise.resolve(go),
      packages: new Promise(() => undefined),
      far: (done) => told.push(done),
    }).catch((error: unknown) => error);
    expect(String(failure)).toContain('Temporal could not be built');
    expect(told.at(-1)).toBe(2);
  });

  it('shows a share that is never more than all of it', () => {
    expect(bar(649, 1297, 'packages')).toBe('██████████░░░░░░░░░░ 50 % (649 of 1297 packages)');
    expect(bar(1400, 1297, 'packages')).toContain('████████████████████ 100 %');
    const told: number[] = [];
    const heard = countPackages((built) => told.push(built));
    heard('a/b\nc');
    heard('/d\nnot a package\n');
    expect(told).toEqual([1, 2]);
  });

  it('sees that another user may not enter a folder below a closed one', async () => {
    const closed = path.join(folder, 'closed');
    await mkdir(path.join(closed, 'data'), { recursive: true });
    await chmod(folder, 0o755);
    await chmod(closed, 0o700);
    expect(mayEnter(path.join(closed, 'data'), 54_321, 54_321)).toBe(false);
    await chmod(closed, 0o711);
    expect(mayEnter(path.join(closed, 'data'), 54_321, 54_321)).toBe(true);
  });
});

describe('problems on the terminal', () => {
  it('shows errors of a JSON log with their cause, and no other line', () => {
    const line = { level: 50, msg: 'request failed', err: { message: 'no space left' } };
    expect(problemIn(JSON.stringify(line))).toBe('request failed: no space left');
    expect(problemIn(JSON.stringify({ ...line, level: 40 }))).toBeNull();
    expect(problemIn('{ not json')).toBeNull();
  });

  it('shows what stops Postgres, but not that it is still starting', () => {
    expect(problemIn('FATAL:  could not write to file')).toContain('could not write');
    expect(problemIn('FATAL:  the database system is starting up')).toBeNull();
  });
});

describe('others on the machine', () => {
  it('are named at the start, since they reach Temporal: people who may sign in, without whoever starts it [A-CORE-02]', async () => {
    const file = path.join(folder, 'passwd');
    const line = (name: string, id: number, shell: string) =>
      `${name}:x:${String(id)}:${String(id)}::/home/${name}:${shell}\n`;
    await writeFile(
      file,
      line('root', 0, '/bin/bash') +
        line('postgres', 105, '/bin/bash') +
        line('me', 1000, '/bin/bash') +
        line('ann', 1001, '/bin/zsh') +
        line('backup', 1002, '/usr/sbin/nologin') +
        line('nobody', 65_534, '/bin/sh'),
    );
    const others = await otherPeople({ uid: 1000, file });
    expect(others).toEqual(['ann']);
    expect(neighbourWarning(others)).toContain('(ann)');
    expect(neighbourWarning(['a', 'b', 'c', 'd', 'e'])).toContain('(a, b, c and 2 more)');
    expect(neighbourWarning([])).toBeNull();
    expect(await otherPeople({ file: path.join(folder, 'none') })).toEqual([]);
  });
});
