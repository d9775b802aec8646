import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { newWorkspace, openStepBench, spawnerHelper, type StepBench } from '../support/steps.ts';
import { untilGone, untilThere } from '../support/marked-processes.ts';
import { bundleForNode } from '../support/bundle.ts';

const kills = 50;
const together = 5;

describe('the process that runs steps is killed (E3)', () => {
  let bench: StepBench;
  let runner: string;

  beforeAll(async () => {
    bench = await openStepBench({ warmNetworks: 0 });
    runner = join(bench.folder, 'runner.mjs');
    const entry = fileURLToPath(new URL('step-runner.ts', import.meta.url));
    await bundleForNode(entry, runner);
    copyFileSync(spawnerHelper, join(bench.folder, 'spawner.mjs'));
  }, 240_000);
  afterAll(() => bench.close());

  /** Starts a runner, kills it a moment after its step runs, and waits until nothing of it is alive. Its pid. */
  async function killOne(index: number): Promise<number> {
    const marker = `97000.${String(process.pid)}${String(index).padStart(3, '0')}`;
    const space = await newWorkspace(bench);
    const child = spawn(process.execPath, [runner, JSON.stringify(space), marker], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let output = '';
    for await (const chunk of child.stdout) {
      output += String(chunk);
      if (output.endsWith('\nrunning\n')) break;
    }
    // Not always at the same point of the step's life.
    await new Promise((resolve) => setTimeout(resolve, (index % 5) * 10));
    // The line that says so comes a moment before the process that it speaks of.
    await untilThere(`sleep ${marker}`);
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
    await untilGone(marker, `slipway-${String(child.pid)}-`);
    return child.pid ?? 0;
  }

  it(`leaves 0 live processes, ${kills} times out of ${kills}, and the next start tidies up`, async () => {
    const pids: number[] = [];
    for (let round = 0; round < kills; round += together) {
      const batch = Array.from({ length: together }, (_, index) => killOne(round + index));
      pids.push(...(await Promise.all(batch)));
    }
    expect(pids).toHaveLength(kills);
    const next = await openStepBench({ warmNetworks: 0 });
    await next.executor.describe();
    const networks = execFileSync('ip', ['netns', 'list'], { encoding: 'utf8' });
    const left = pids.filter(
      (pid) =>
        networks.includes(`slipway-${String(pid)}-`) ||
        readdirSync('/run/slipway').some((name) => name.startsWith(`${String(pid)}-`)),
    );
    await next.close();
    expect(left).toEqual([]);
  }, 240_000);
});
