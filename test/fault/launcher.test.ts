import { type ChildProcess, spawn } from 'node:child_process';
import { chmod, mkdtemp, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually, holds } from '../support/eventually.ts';
import { freePort } from '../support/free-port.ts';
import { removeFolder } from '../support/remove-folder.ts';

const root = path.resolve(import.meta.dirname, '../..');
const parts = ['api', 'workers', 'temporal', 'postgres'];

let home: string;
let port: number;
let launcher: ChildProcess;
let output = '';

async function start(): Promise<void> {
  output = '';
  launcher = spawn(process.execPath, [path.join(root, 'deploy/start.mjs')], {
    cwd: root,
    env: { ...process.env, PORT: String(port), SLIPWAY_HOME: home },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  for (const stream of [launcher.stdout, launcher.stderr]) {
    stream?.on('data', (chunk: Buffer) => (output += chunk.toString()));
  }
  await eventually(() => {
    if (launcher.exitCode !== null) throw new Error(output);
    return Promise.resolve(output.includes('Ready after') ? true : undefined);
  }, 180_000);
}

async function pids(): Promise<Record<string, number>> {
  const text = await readFile(path.join(home, 'run/instance.json'), 'utf8');
  const { children } = JSON.parse(text) as { children: { name: string; pid: number }[] };
  return Object.fromEntries(children.map(({ name, pid }) => [name, pid]));
}

function runs(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

async function ready(): Promise<true | undefined> {
  return (await fetch(`http://127.0.0.1:${String(port)}/readyz`)).ok ? true : undefined;
}

beforeAll(async () => {
  home = await mkdtemp(path.join(tmpdir(), 'slipway-launcher-'));
  await chmod(home, 0o755);
  port = await freePort();
  await start();
}, 240_000);
afterAll(async () => {
  if (launcher.exitCode === null && launcher.signalCode === null) {
    const ended = new Promise((resolve) => launcher.once('exit', resolve));
    launcher.kill('SIGTERM');
    await ended;
  }
  // a test that failed may have left some running
  for (const pid of Object.values(await pids().catch(() => ({})))) {
    if (runs(pid)) process.kill(pid, 'SIGKILL');
  }
  await removeFolder(home);
}, 240_000);

describe('the launcher', () => {
  it.each(parts)(
    'brings %s back after kill -9, and Slipway is ready again [A-CORE-02]',
    async (name) => {
      // It may be on its way up again just now, after it lost what the test before has killed.
      const before = await eventually(async () => {
        const pid = (await pids())[name];
        if (pid !== undefined) process.kill(pid, 'SIGKILL');
        return pid;
      });
      const after = await eventually(async () => {
        const now = (await pids())[name];
        return now !== undefined && now !== before && runs(now) ? now : undefined;
      }, 60_000);
      expect(after).not.toBe(before);
      await eventually(ready, 120_000);
      expect(output).toMatch(/ended \(SIGKILL\): starting it again/);
    },
    240_000,
  );

  it('leaves nothing running when it is killed itself, and the next start goes on where it was', async () => {
    const before = Object.values(await pids());
    const ended = new Promise((resolve) => launcher.once('exit', resolve));
    launcher.kill('SIGKILL');
    await ended;
    await eventually(() => Promise.resolve(before.some(runs) ? undefined : true));
    await start();
    await eventually(ready);
    expect(output).not.toContain('shown once');
  }, 240_000);

  it('stops what a killed run left behind when the next start comes at once', async () => {
    const before = Object.values(await pids());
    launcher.kill('SIGKILL');
    await start();
    await holds(() => expect(before.filter(runs)).toEqual([]));
  }, 240_000);
});
