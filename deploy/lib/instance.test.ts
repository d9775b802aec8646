import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { instanceFile, takeInstance } from './instance.mjs';
import { identify, isAlive, startOf } from './process-identity.mjs';

let home: string;
const started: ChildProcess[] = [];
beforeEach(async () => {
  home = await mkdtemp(path.join(tmpdir(), 'slipway-instance-'));
  await mkdir(path.join(home, 'run'));
});
afterEach(async () => {
  for (const child of started.splice(0)) child.kill('SIGKILL');
  await rm(home, { recursive: true, force: true });
});

function sleeper(): number {
  const child = spawn('sleep', ['60']);
  started.push(child);
  return child.pid ?? 0;
}

async function leaveRecord(launcher: object, children: object[] = []): Promise<void> {
  const record = { launcher, address: 'http://127.0.0.1:8080', children };
  await writeFile(instanceFile(home), JSON.stringify(record));
}

describe('one Slipway over one home', () => {
  it('refuses a second one while the first runs, and names it', async () => {
    const pid = sleeper();
    await leaveRecord(identify(pid));
    await expect(takeInstance(home, 'http://x', () => undefined)).rejects.toThrow(
      `Slipway already runs here, at http://127.0.0.1:8080 (process ${String(pid)}`,
    );
  });

  it('takes over from a run that was killed, and stops what it left running', async () => {
    const left = identify(sleeper());
    const told: string[] = [];
    await leaveRecord({ pid: 999_999_999, started: 'long ago' }, [
      { ...left, name: 'workers', signal: 'SIGTERM' },
    ]);
    const handle = await takeInstance(home, 'http://x', (text) => told.push(text));
    expect(isAlive(left)).toBe(false);
    expect(told).toEqual([
      'The last run (process 999999999) was killed: took over its lock, and stopped what it left running (workers)',
    ]);
    await handle.release();
    expect(existsSync(instanceFile(home))).toBe(false);
  });

  it('does not stop a stranger that got the pid of a process of the killed run', async () => {
    const stranger = sleeper();
    await leaveRecord({ pid: stranger, started: 'before the last boot' }, [
      { pid: stranger, started: 'before the last boot', name: 'api', signal: 'SIGTERM' },
    ]);
    await takeInstance(home, 'http://x', () => undefined);
    expect(startOf(stranger)).not.toBeNull();
  });

  it('lets exactly one of many starts at once take over', async () => {
    await leaveRecord({ pid: 999_999_999, started: 'long ago' });
    const module = JSON.stringify(new URL('./instance.mjs', import.meta.url).href);
    const script = `const { takeInstance } = await import(${module});
      try { await takeInstance(${JSON.stringify(home)}, 'http://x', () => {}); console.log('mine'); } catch { console.log('taken'); }
      setTimeout(() => {}, 3000);`;
    const answers = await Promise.all(
      Array.from({ length: 4 }, async () => {
        const child = spawn(process.execPath, ['--input-type=module', '-e', script]);
        started.push(child);
        return await new Promise<string>((resolve) => {
          child.stdout.once('data', (chunk: Buffer) => resolve(chunk.toString().trim()));
        });
      }),
    );
    expect(answers.sort()).toEqual(['mine', 'taken', 'taken', 'taken']);
  });

  it('keeps the record of its processes readable at every moment', async () => {
    const handle = await takeInstance(home, 'http://x', () => undefined);
    const writes = Array.from({ length: 50 }, (_, index) =>
      handle.note('api', { pid: index, started: 'x' }, 'SIGTERM'),
    );
    for (let round = 0; round < 50; round += 1) {
      JSON.parse(await readFile(instanceFile(home), 'utf8'));
    }
    await Promise.all(writes);
    const record = JSON.parse(await readFile(instanceFile(home), 'utf8'));
    expect(record.children).toEqual([{ name: 'api', pid: 49, started: 'x', signal: 'SIGTERM' }]);
  });
});
