import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { dirname } from 'node:path';
import { createThreadPool, type ThreadPool } from '../adapters/threads/thread-pool.ts';
import { DomainError } from '../contracts/problems.ts';
import { heavyBy, runHere } from '../domain/heavy/heavy.ts';
import { configMap, renderInput } from '../test/support/render.ts';
import { removeFolder } from '../test/support/remove-folder.ts';
import { buildThreadFile } from '../test/support/thread-file.ts';

let file: string;
let pool: ThreadPool;
const pools: ThreadPool[] = [];
const open = (options: Parameters<typeof createThreadPool>[0] = {}) => {
  const made = createThreadPool({ file, ...options });
  pools.push(made);
  return made;
};
const refusalOf = async (work: Promise<unknown>) => {
  const error = await work.then(
    () => null,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof DomainError))
    throw error instanceof Error ? error : new Error('it was not refused');
  return error;
};
/** Within its limits of size, and yet long at work: 200,000 patterns for 2,000 paths. */
const long = {
  definition: {
    steps: [
      {
        name: 'a',
        timeout: '1m',
        when: { path: Array.from({ length: 200_000 }, () => '*a*a*a*a*b') },
      },
    ],
  },
  context: {
    gitRef: 'refs/heads/main',
    trigger: 'push',
    commitSha: 'a'.repeat(40),
    projectName: 'a',
    pipelineNumber: 1,
    changedPaths: Array(2000).fill('a'.repeat(200)),
  },
};
const planLong = (at: ThreadPool) =>
  at.run('planPipeline', [long.definition, long.context], '.platform.yaml');

beforeAll(async () => {
  file = await buildThreadFile();
  pool = open();
});
afterAll(async () => {
  await Promise.all(pools.map((one) => one.close()));
  await removeFolder(dirname(file));
});

describe('the threads that read what strangers wrote', () => {
  it('give the answers that the same work gives here, refusals with file and line included [A-DEP-05, A-PIPE-01]', async () => {
    const [there, here] = [heavyBy(pool.run), heavyBy(runHere)];
    const input = renderInput({
      'a.yaml': configMap('a', 'data: { x: "{{ .Values.x }}" }\n'),
      'values.yaml': 'x: 1\n',
    });
    expect(await there.renderRevision([input], 'x')).toEqual(
      await here.renderRevision([input], 'x'),
    );
    const text = 'steps:\n  - { name: a, commands: [x], needs: b }\n';
    expect(await there.parseDefinition([text], 'x')).toEqual(
      await here.parseDefinition([text], 'x'),
    );
    const bad = renderInput({ 'a.yaml': 'a: 1\na: 2\n' });
    const refusal = await refusalOf(there.renderRevision([bad], 'x'));
    expect(refusal.code).toBe('validation_failed');
    expect(refusal.errors).toMatchObject([{ file: 'a.yaml', line: 2 }]);
  });

  it('are ended at their limit of time, by name, while other work goes on in the next one [A-PIPE-05, A-DEP-06]', async () => {
    const quick = open({ threads: 1, timeoutMs: 3000 });
    const [refusal, after] = await Promise.all([
      refusalOf(planLong(quick)),
      quick.run('parseDefinition', ['steps: []'], '.platform.yaml'),
    ]);
    expect(refusal).toMatchObject({ code: 'unprocessable' });
    expect(refusal.message).toBe(
      '.platform.yaml takes longer than 3 seconds to be read: make it smaller or simpler.',
    );
    expect(after).toMatchObject({ ok: false });
  });

  it('are ended at their limit of memory, by name, and the process lives on [A-PIPE-05, A-DEP-06]', async () => {
    const small = open({ threads: 1, memoryMb: 24, timeoutMs: 60_000 });
    const values = Array.from({ length: 20 }, (_, at) => String(at));
    const matrix = Object.fromEntries(['A', 'B', 'C', 'D', 'E'].map((key) => [key, values]));
    const definition = { steps: [{ name: 'a', timeout: '1m', matrix }] };
    const refusal = await refusalOf(
      small.run('planPipeline', [definition, long.context], '.platform.yaml'),
    );
    expect(refusal).toMatchObject({ code: 'unprocessable' });
    expect(refusal.message).toContain('.platform.yaml needs more than 24 MiB to be read');
    expect(await small.run('parseDefinition', ['steps: []'], 'x')).toMatchObject({ ok: false });
  });

  it('never hold up the loop of the process that asks [A-API-01]', async () => {
    const quick = open({ threads: 1, timeoutMs: 2000 });
    let turns = 0;
    const counting = setInterval(() => (turns += 1), 20);
    await refusalOf(planLong(quick));
    clearInterval(counting);
    expect(turns).toBeGreaterThan(5);
  });

  it('refuse what comes when too much waits already, as a passing failure [A-API-01]', async () => {
    const tiny = open({ threads: 1, queue: 2 });
    const answers = await Promise.allSettled(
      Array.from({ length: 5 }, () => tiny.run('parseDefinition', ['steps: []'], 'x')),
    );
    const refused = answers.filter(({ status }) => status === 'rejected');
    expect(refused).toHaveLength(2);
    expect(refused[0]).toMatchObject({ reason: { code: 'unavailable' } });
  });

  it('cost a small pipeline next to nothing once they are warm [A-PIPE-05]', async () => {
    const text = 'steps:\n  - { name: a, commands: [x] }\n';
    const there = heavyBy(pool.run);
    for (let round = 0; round < 50; round += 1) await there.parseDefinition([text], 'x');
    const began = performance.now();
    for (let round = 0; round < 200; round += 1) await there.parseDefinition([text], 'x');
    const eachMs = (performance.now() - began) / 200;
    expect(eachMs).toBeLessThan(100);
    if (process.env['SLIPWAY_TELL'] === '1') process.stdout.write(`${eachMs.toFixed(3)} ms\n`);
  });
});
