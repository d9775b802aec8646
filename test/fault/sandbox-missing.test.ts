import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { execFile } from 'node:child_process';
import { chmodSync, existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { SandboxOptions } from '../../adapters/sandbox/options.ts';
import { createProcessExecutor } from '../../adapters/sandbox/process-executor.ts';
import { newWorkspace, openStepBench, stepSpec, type StepBench } from '../support/steps.ts';
import { bundleForNode } from '../support/bundle.ts';

const run = promisify(execFile);

describe('a machine that cannot isolate (E11)', () => {
  let bench: StepBench;

  beforeAll(async () => {
    bench = await openStepBench();
    await bench.executor.describe();
  });
  afterAll(() => bench.close());

  /** Starts a step that would leave a file on the host; what the driver says, and whether the file is there. */
  async function tryStep(
    options: Partial<SandboxOptions>,
  ): Promise<{ error: unknown; ran: boolean }> {
    const space = await newWorkspace(bench);
    const executor = createProcessExecutor({ hostEnv: process.env, ...options });
    const trace = join(bench.folder, 'trace');
    const error = await executor.start(stepSpec(space, [`touch ${trace} here`])).then(
      () => null,
      (reason: unknown) => reason,
    );
    await executor.close();
    return {
      error,
      ran: existsSync(trace) || existsSync(join(space.root, space.upper, 'workspace', 'here')),
    };
  }

  it('runs nothing without bubblewrap and says what to install', async () => {
    const { error, ran } = await tryStep({ hostEnv: { ...process.env, PATH: '/nowhere' } });
    expect(error).toMatchObject({ code: 'unavailable' });
    expect(String(error)).toMatch(
      /bubblewrap is missing: install bubblewrap \(.*apt install bubblewrap/,
    );
    expect(ran).toBe(false);
  });

  it('runs nothing with a bubblewrap that cannot make a sandbox and says why', async () => {
    const bwrapPath = join(bench.folder, 'bwrap');
    const words = 'bwrap: No permissions to create a new namespace';
    writeFileSync(
      bwrapPath,
      `#!/bin/sh\n[ "$1" = --version ] && exit 0\necho '${words}' >&2; exit 1\n`,
    );
    chmodSync(bwrapPath, 0o755);
    chmodSync(bench.folder, 0o755);
    const { error, ran } = await tryStep({ bwrapPath });
    expect(error).toMatchObject({ code: 'unavailable' });
    expect(String(error)).toContain(words);
    expect(String(error)).toContain('allow unprivileged user namespaces');
    expect(ran).toBe(false);
  });

  it('runs nothing where user namespaces are switched off', async () => {
    const runner = join(bench.folder, 'runner.mjs');
    const entry = fileURLToPath(new URL('step-runner.ts', import.meta.url));
    await bundleForNode(entry, runner);
    const space = await newWorkspace(bench);
    // The switch counts for one user namespace and those in it, so the machine's own is left alone.
    const script = 'echo 0 > /proc/sys/user/max_user_namespaces; exec "$0" "$@"';
    const args = [
      '-U',
      '-r',
      'sh',
      '-c',
      script,
      process.execPath,
      runner,
      JSON.stringify(space),
      '1',
    ];
    const failed = await run('unshare', args).then(
      () => null,
      (error: unknown) => error as { stdout: string; stderr: string },
    );
    expect(failed?.stdout).toMatch(
      /^refused: Steps run in a sandbox, and one could not be made here: /,
    );
    expect(failed?.stdout).not.toContain('running');
    expect(failed?.stderr).toContain('unavailable');
  });

  it('looks again at the next start, so that what was installed since counts', async () => {
    const space = await newWorkspace(bench);
    const hostEnv: Record<string, string | undefined> = { ...process.env, PATH: '/nowhere' };
    const executor = createProcessExecutor({ hostEnv });
    await expect(executor.start(stepSpec(space, ['true']))).rejects.toMatchObject({
      code: 'unavailable',
    });
    hostEnv['PATH'] = process.env['PATH'];
    const execution = await executor.start(stepSpec(space, ['true']));
    for await (const _chunk of execution.output);
    expect(await execution.wait()).toMatchObject({ exitCode: 0 });
    await executor.close();
  });
});
