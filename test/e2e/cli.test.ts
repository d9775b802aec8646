import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startGitServer } from '../support/git-server.ts';
import { createEmptyDatabase } from '../support/test-database.ts';

const root = path.resolve(import.meta.dirname, '../..');
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'slipway-cli-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

interface Answer {
  code: number;
  stdout: string;
  stderr: string;
}

async function slipway(args: string[], env: Record<string, string> = {}): Promise<Answer> {
  const command = [path.join(root, 'dist/cli.mjs'), ...args];
  try {
    const options = { cwd: root, env: { ...process.env, ...env } };
    return { code: 0, ...(await promisify(execFile)(process.execPath, command, options)) };
  } catch (error) {
    const { code, stdout, stderr } = error as Answer;
    return { code, stdout, stderr };
  }
}

/** Presses Ctrl-C as soon as something is said. */
async function interrupted(args: string[], env: Record<string, string>): Promise<void> {
  const options = { cwd: root, env: { ...process.env, ...env } };
  const child = spawn(process.execPath, [path.join(root, 'dist/cli.mjs'), ...args], options);
  let stderr = '';
  child.stdout.once('data', () => child.kill('SIGINT'));
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString('utf8')));
  const [code] = (await once(child, 'close')) as [number | null];
  expect([code, stderr]).toEqual([
    1,
    expect.stringContaining('it was interrupted; nothing of it was left behind'),
  ]);
}

describe('slipway backup', () => {
  it('goes from a running Slipway through a list and a verification into an empty one, which has all of it', async () => {
    const server = await startGitServer();
    const empty = await createEmptyDatabase();
    const home = path.join(folder, 'restored');
    const backups = path.join(folder, 'backups');
    const kept = path.join(backups, 'first');
    const key = { SLIPWAY_MASTER_KEY: 'ab'.repeat(32) };
    const roots = { DEVGODZILLA_PROJECTS_ROOT: 'repositories', ...key };
    const running = { ...roots, SLIPWAY_HOME: server.home, DATABASE_URL: server.url };
    const restoring = { ...roots, SLIPWAY_HOME: home, DATABASE_URL: empty.url };
    try {
      const ann = await server.user('ann', 'admin');
      const project = await server.project(ann, 'kept');
      await server.api(ann, 'POST', `${project.api}/issues`, { title: 'kept as well' });
      const made = await slipway(['backup', 'create', kept], running);
      expect(made).toMatchObject({
        code: 0,
        stdout: expect.stringContaining('without the master'),
      });
      const listed = await slipway(['backup', 'list', backups], key);
      expect(listed.stdout).toMatch(
        /^first {2}made 2\S+Z {2}\d+ KiB {2}repositories: 1 {2}verified 2\S+Z {2}signed here$/m,
      );
      expect(await slipway(['backup', 'verify', kept], key)).toMatchObject({ code: 0 });

      await mkdir(path.join(home, 'repositories'), { recursive: true });
      await writeFile(path.join(home, 'repositories', 'mine'), '');
      const refused = await slipway(['backup', 'restore', kept], restoring);
      expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining('is not empty') });
      await rm(path.join(home, 'repositories', 'mine'));
      await interrupted(['backup', 'restore', kept], restoring);
      const restored = await slipway(['backup', 'restore', kept], restoring);
      expect(restored).toMatchObject({ code: 0, stdout: expect.stringContaining('Restored.') });
      const second = await startGitServer({ over: { url: empty.url, home } });
      try {
        const issues = await second.api(ann, 'GET', `${project.api}/issues`);
        expect(await issues.json()).toMatchObject({ items: [{ title: 'kept as well' }] });
        expect((await second.api(ann, 'GET', `${project.api}/branches`)).status).toBe(200);
        expect(second.errors).toEqual([]);
      } finally {
        await second.stop();
      }
    } finally {
      await server.stop();
      await empty.drop();
    }
  });
});

describe('slipway', () => {
  it('shows the effective configuration without a secret [B-CFG-01]', async () => {
    const { code, stdout } = await slipway(['config', '--json', '--port', '9000'], {
      SLIPWAY_MASTER_KEY: 'canary-master-key',
      DATABASE_URL: 'postgresql://me:canary-password@db.example/slipway',
    });
    expect(code).toBe(0);
    const shown = JSON.parse(stdout) as Record<string, unknown>;
    expect(shown['server.port']).toBe(9000);
    expect(String(shown['database.url'])).toContain('db.example');
    expect(stdout).not.toContain('canary');
  });

  it('names the setting that is wrong and exits with 78', async () => {
    const { code, stderr } = await slipway(['config'], { PORT: 'many' });
    expect(code).toBe(78);
    expect(stderr).toContain('server.port');
    const broken = await slipway(['backup', 'list', folder], { SLIPWAY_MASTER_KEY: 'no key' });
    expect(broken.code).toBe(78);
    expect(broken.stderr).toMatch(/^SLIPWAY_MASTER_KEY must hold 32 bytes .*\n$/);
  });

  it('lints a pipeline with file, line and column', async () => {
    const file = path.join(folder, 'broken.yaml');
    await writeFile(file, 'steps:\n  - name: build\n    commands: 5\n');
    const { code, stderr } = await slipway(['pipeline', 'lint', file]);
    expect(code).toBe(1);
    expect(stderr).toMatch(/broken\.yaml:\d+:\d+: /);
    const sample = await slipway(['pipeline', 'lint', 'deploy/sample/.platform.yaml']);
    expect(sample).toMatchObject({ code: 0, stdout: expect.stringContaining('no faults') });
  });

  it('says what it does not know, and lists what it does', async () => {
    const { code, stderr } = await slipway(['fly']);
    expect(code).toBe(2);
    expect(stderr).toContain("'fly' is not a command");
    expect(stderr).toContain('slipway pipeline lint');
  });

  it('tells its version, and how a server is used without starting it', async () => {
    const manifest = await readFile(path.join(root, 'package.json'), 'utf8');
    const { version } = JSON.parse(manifest) as { version: string };
    expect(await slipway(['--version'])).toMatchObject({ code: 0, stdout: `${version}\n` });
    // with this setting a start would end with 78
    const help = await slipway(['api', '--help'], { PORT: 'many' });
    expect(help).toMatchObject({ code: 0, stdout: expect.stringContaining('slipway api') });
    const wrong = await slipway(['config', '--server.prot', '1']);
    expect(wrong.code).toBe(78);
    expect(wrong.stderr).toContain('did you mean --server.port?');
  });

  it('looks at the machine and says what the sandbox enforces', async () => {
    const { stdout } = await slipway(['doctor'], { SLIPWAY_HOME: folder });
    expect(stdout).toMatch(/✓ git: git version/);
    expect(stdout).toMatch(/✓ steps: .*no host files|✗ sandbox: /);
    expect(stdout).toContain('! not enforced: ');
  }, 240_000);
});
