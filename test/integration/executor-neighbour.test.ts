import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import type { Execution } from '../../adapters/executor/executor.ts';
import { stepGid, stepUid } from '../../adapters/sandbox/options.ts';
import { eventually } from '../support/eventually.ts';
import { newWorkspace, openStepBench, stepSpec, type StepBench } from '../support/steps.ts';

const asNobody = [
  ...[`--reuid=${String(stepUid)}`, `--regid=${String(stepGid)}`],
  ...['--clear-groups', '--'],
];

/** What nobody is told when it asks for a process's environment, files and open files. */
function lookAt(pid: string): string[] {
  const words = [
    ['cat', `/proc/${pid}/environ`],
    ['ls', `/proc/${pid}/root/`],
    ['ls', `/proc/${pid}/cwd/`],
    ['sh', '-c', `readlink /proc/${pid}/fd/*`],
    ['nsenter', `--target=${pid}`, '--user', '--preserve-credentials', '--mount', 'ls', '/'],
  ];
  return words.map(
    (command) =>
      spawnSync('setpriv', [...asNobody, ...command], { cwd: '/', encoding: 'utf8' }).stdout,
  );
}

/** Processes of nobody that have the variable. */
function processesWith(variable: string): string[] {
  return readdirSync('/proc').filter((name) => {
    if (!/^\d+$/.test(name)) return false;
    try {
      const words = readFileSync(`/proc/${name}/environ`, 'utf8').split('\0');
      const status = readFileSync(`/proc/${name}/status`, 'utf8');
      return words.includes(variable) && status.includes(`Uid:\t${String(stepUid)}\t`);
    } catch {
      return false;
    }
  });
}

/** Services of a machine run as nobody too: a name server, a cache, what is in a container. */
describe('another program of the machine that runs as nobody', () => {
  const mark = randomBytes(6).toString('hex');
  let bench: StepBench;
  let step: Execution;
  let neighbour: ChildProcess;

  beforeAll(async () => {
    bench = await openStepBench();
    const spec = stepSpec(await newWorkspace(bench), ['sleep 100; true']);
    step = await bench.executor.start({ ...spec, env: { CANARY: `step-${mark}` } });
    neighbour = spawn('setpriv', [...asNobody, 'sleep', '100'], {
      cwd: '/',
      env: { ...process.env, CANARY: `other-${mark}` },
    });
  }, 60_000);
  afterAll(async () => {
    neighbour.kill();
    await step.signal('SIGKILL');
    await step.cleanup();
    await bench.close();
  }, 60_000);

  const found = (variable: string, count: number): Promise<string[]> =>
    eventually(() => {
      const all = processesWith(variable);
      return Promise.resolve(all.length >= count ? all : undefined);
    });

  it('sees of others outside of sandboxes what the kernel shows', async () => {
    const [pid = ''] = await found(`CANARY=other-${mark}`, 1);
    expect(lookAt(pid)[0]).toContain(`other-${mark}`);
  });

  it('sees neither the environment nor the files of what runs in a sandbox [A-PIPE-04] [A-SEC-04]', async () => {
    // the shell of the step, and what it runs
    for (const pid of await found(`CANARY=step-${mark}`, 2)) {
      expect(lookAt(pid)).toEqual(['', '', '', '', '']);
    }
    expect(bench.logged.filter((line) => line.includes('namespace'))).toEqual([]);
  });
});
