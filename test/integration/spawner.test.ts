import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { chownSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { SpawnPlan } from '../../adapters/spawner/protocol.ts';
import { createSpawner, type Spawner } from '../../adapters/spawner/spawner.ts';
import { eventually } from '../support/eventually.ts';
import { processesWith } from '../support/marked-processes.ts';
import { newWorkspace, openStepBench, stepSpec, type StepBench } from '../support/steps.ts';

function plan(command: string, args: string[], more: Partial<SpawnPlan> = {}): SpawnPlan {
  const env = { PATH: process.env['PATH'] ?? '' };
  return { command, args, cwd: '/', env, stdin: 'stream', stdout: 'stream', ...more };
}

/** A number that the kernel tells of a process, counted from its state on. */
function statOf(pid: number, field: number): number {
  const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
  return Number(text.slice(text.lastIndexOf(')') + 2).split(' ')[field]);
}

/** The process that started a child. */
const parentOf = (pid: number): number => statOf(pid, 1);

describe('the process that starts others', () => {
  let spawner: Spawner;
  let bench: StepBench;

  beforeAll(async () => {
    spawner = createSpawner();
    bench = await openStepBench({ spawner });
  });
  afterAll(async () => {
    await bench.close();
    await spawner.close();
  });

  it('passes bytes to a child and back unchanged, and tells its exit code', async () => {
    const child = await spawner.start(plan('sh', ['-c', 'cat; echo oops >&2; exit 3']));
    const sent = Buffer.alloc(3_000_000, 'abcdefg');
    child.stdin?.end(sent);
    const parts: Buffer[] = [];
    for await (const part of child.stdout ?? []) parts.push(part as Buffer);
    expect(Buffer.concat(parts).equals(sent)).toBe(true);
    expect(await child.ended).toMatchObject({ code: 3, stderr: 'oops\n', lost: false });
    expect(child.running()).toBe(false);
  });

  it('starts many short children at once, each with streams of its own', async () => {
    const outputs = await Promise.all(
      Array.from({ length: 40 }, async (_, index) => {
        const child = await spawner.start(plan('echo', [String(index)]));
        let text = '';
        for await (const part of child.stdout ?? []) text += String(part);
        return text;
      }),
    );
    expect(outputs).toEqual(Array.from({ length: 40 }, (_, index) => `${String(index)}\n`));
  });

  it('gives a child a process group of its own, or leaves it in ours where that is asked for', async () => {
    const groupOf = async (more: Partial<SpawnPlan>): Promise<[number, number]> => {
      const child = await spawner.start(plan('sleep', ['60'], more));
      const group = statOf(child.pid, 2);
      child.kill('SIGTERM');
      expect(await child.ended).toMatchObject({ code: null });
      return [child.pid, group];
    };
    const [pid, group] = await groupOf({});
    expect(group).toBe(pid);
    const [, ours] = await groupOf({ inOurGroup: true });
    expect(ours).toBe(statOf(process.pid, 2));
  });

  it('refuses a command that does not exist with the code of the system', async () => {
    const refused = spawner.start(plan('/no/such/command', []));
    await expect(refused).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it('reports steps as lost when it is killed, leaves none alive, and starts the next ones [A-PIPE-04]', async () => {
    const marker = `98000.${String(process.pid)}`;
    const space = await newWorkspace(bench);
    const execution = await bench.executor.start(stepSpec(space, [`sleep ${marker}`]));
    await eventually(() => Promise.resolve(processesWith(`sleep ${marker}`)[0]), 20_000);
    const idle = await spawner.start(plan('cat', []));
    process.kill(parentOf(idle.pid), 'SIGKILL');
    expect(await idle.ended).toMatchObject({ lost: true, code: null });
    expect(await execution.wait()).toMatchObject({ exitCode: null, reason: 'lost' });
    await execution.cleanup();
    await eventually(
      () => Promise.resolve(processesWith(marker).length === 0 ? true : undefined),
      60_000,
    );
    const again = await bench.executor.start(stepSpec(space, ['echo on']));
    let text = '';
    for await (const part of again.output) text += Buffer.from(part).toString();
    expect(text).toContain('\non\n');
    await again.cleanup();
  });

  it('ends a child when asked, with the processes that the child started', async () => {
    const marker = `98100.${String(process.pid)}`;
    const child = await spawner.start(plan('sh', ['-c', `sleep ${marker} & echo up; wait`]));
    if (child.stdout !== null) await once(child.stdout, 'readable');
    child.kill('SIGKILL');
    expect(await child.ended).toMatchObject({ code: null, lost: false });
    child.stdout?.destroy();
    await eventually(
      () => Promise.resolve(processesWith(marker).length === 0 ? true : undefined),
      60_000,
    );
  });

  it('removes folders of its own dead processes, and nothing that another account put beside them', async () => {
    const temp = mkdtempSync(join(tmpdir(), 'slipway-sweep-'));
    const [own, foreign] = ['slipway-spawner-4194303-own', 'slipway-spawner-4194303-other'];
    for (const name of [own, foreign]) mkdirSync(join(temp, name, 'within'), { recursive: true });
    const canGive = process.getuid?.() === 0;
    if (canGive) chownSync(join(temp, foreign), 65_534, 65_534);
    const another = createSpawner(temp);
    try {
      await (
        await another.start(plan('true', []))
      ).ended;
      expect(existsSync(join(temp, own))).toBe(false);
      expect(existsSync(join(temp, foreign, 'within'))).toBe(canGive);
    } finally {
      await another.close();
      rmSync(temp, { recursive: true, force: true });
    }
  });
});
