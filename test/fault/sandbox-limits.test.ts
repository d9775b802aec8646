import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { defaultLimits, type WorkspaceMount } from '../../adapters/executor/executor.ts';
import { untilGone, untilThere } from '../support/marked-processes.ts';
import {
  newWorkspace,
  openStepBench,
  runStep,
  stepSpec,
  type StepBench,
} from '../support/steps.ts';

describe('the limits of a step (E2, E4)', () => {
  let bench: StepBench;
  let space: WorkspaceMount;

  beforeAll(async () => {
    bench = await openStepBench({ graceMs: 3000 });
    space = await newWorkspace(bench);
    // The machine is looked at on the first use, which is no part of what is timed here.
    await bench.executor.describe();
  });
  afterAll(() => bench.close());

  const limits = {
    ...defaultLimits,
    memoryBytes: 256 * 1024 ** 2,
    pids: 64,
    diskBytes: 64 * 1024 ** 2,
  };

  it('ends a fork bomb and says why', async () => {
    const bomb = 'f() { f | f & f; }; f 2> /dev/null';
    const end = await runStep(bench.executor, space, [bomb], { limits });
    expect(end.reason).toBe('pids');
  });

  it('ends a step that takes more memory than it may and says why', async () => {
    const grow = `node -e "const a = []; for (;;) a.push(Buffer.alloc(1e7, 1))"`;
    const end = await runStep(bench.executor, space, [grow], { limits });
    expect(end.reason).toBe('oom');
  });

  it('counts what lies in /tmp as memory', async () => {
    const end = await runStep(bench.executor, space, ['head -c 900000000 /dev/zero > /tmp/x'], {
      limits: { ...limits, diskBytes: defaultLimits.diskBytes },
    });
    expect(end.reason).toBe('oom');
  });

  it('ends an endless file at the disk limit and says why', async () => {
    const end = await runStep(bench.executor, space, ['cat /dev/zero > endless'], { limits });
    expect(end.reason).toBe('disk');
  });

  it('ends a step that fills the disk with many small files', async () => {
    const many = 'i=0; while :; do i=$((i+1)); head -c 1000000 /dev/zero > "f$i"; done';
    const end = await runStep(bench.executor, space, [many], { limits });
    expect(end.reason).toBe('disk');
  }, 240_000);

  it('counts each file as a block, also one with nothing in it', async () => {
    // 64 MiB of blocks are 16,384 files.
    const many = 'mkdir d && cd d && seq 20000 | xargs touch && sleep 20';
    const end = await runStep(bench.executor, space, [many], { limits });
    expect(end.reason).toBe('disk');
  }, 240_000);

  it('gives up patterns of artifacts that take too long over the names of a workspace [A-PIPE-07]', async () => {
    const fresh = await newWorkspace(bench);
    const deep = Array.from({ length: 12 }, () => 'a'.repeat(200)).join('/');
    await runStep(bench.executor, fresh, [`mkdir -p ${deep} && touch ${deep}/f`], { limits });
    const pattern = `**/*${'a'.repeat(100)}?{a,b}{a,b}{a,b}{a,b}{a,b}b`;
    const collected = async (glob: string): Promise<number> => {
      let count = 0;
      for await (const file of bench.executor.collect(fresh, [glob])) {
        file.stream.resume();
        count += 1;
      }
      return count;
    };
    await expect(collected(pattern)).rejects.toMatchObject({
      code: 'unprocessable',
      message: 'its pattern takes too long to be compared with the names of the workspace',
    });
    expect(await collected('a*/**/f')).toBe(1);
  });

  it('ends a spinning step at its timeout', async () => {
    const end = await runStep(bench.executor, space, ['while :; do :; done'], { timeoutMs: 500 });
    expect(end.reason).toBe('timeout');
  });

  it('leaves no process that forked twice, took a session or ignores SIGTERM (E4)', async () => {
    const marker = `98765.${String(process.pid).padStart(6, '0')}`;
    const escape = [
      `trap "" TERM; (setsid sh -c 'trap "" TERM HUP; sleep ${marker} & sleep ${marker}' &)`,
      `(sh -c '(sleep ${marker} &) &' &); nohup sleep ${marker} > /dev/null 2>&1 &`,
      `sleep ${marker}; sleep ${marker}; sleep ${marker}; sleep ${marker}`,
    ];
    // long enough that all of them are there before it is over
    const execution = await bench.executor.start(stepSpec(space, escape, { timeoutMs: 8000 }));
    await untilThere(`sleep ${marker}`, 4);
    const end = await execution.wait();
    expect(end.reason).toBe('timeout');
    await untilGone(`sleep ${marker}`);
    await execution.cleanup();
  }, 240_000);

  it('leaves no process behind a step that has ended by itself', async () => {
    const marker = `98764.${String(process.pid).padStart(6, '0')}`;
    const end = await runStep(bench.executor, space, [
      `(setsid sleep ${marker} > /dev/null 2>&1 &)`,
      'sleep 0.2',
    ]);
    expect(end).toMatchObject({ exitCode: 0, reason: 'exited' });
    await untilGone(marker);
  });

  it('cancels at once on SIGKILL, with whatever a step traps', async () => {
    const marker = `98762.${String(process.pid).padStart(6, '0')}`;
    const execution = await bench.executor.start(
      stepSpec(space, ['trap "" TERM', `sleep ${marker}; sleep ${marker}`]),
    );
    await untilThere(`sleep ${marker}`);
    await execution.signal('SIGKILL');
    expect(await execution.wait()).toMatchObject({ reason: 'cancelled', exitCode: null });
    await execution.cleanup();
  });
});
