import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { dirname } from 'node:path';
import { createThreadPool, type ThreadPool } from '../adapters/threads/thread-pool.ts';
import { DomainError } from '../contracts/problems.ts';
import { heavyBy, runHere } from '../domain/heavy/heavy.ts';
import { holds } from '../test/support/eventually.ts';
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
const x = { what: 'x', whose: 'eve' };
const labelOf = (whose: string, isQuick = false) => ({ what: '.platform.yaml', whose, isQuick });
const planLong = (at: ThreadPool, whose = 'eve') =>
  at.run('planPipeline', [long.definition, long.context], labelOf(whose));

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
    expect(await there.renderRevision([input], x)).toEqual(await here.renderRevision([input], x));
    const text = 'steps:\n  - { name: a, commands: [x], needs: b }\n';
    expect(await there.parseDefinition([text], x)).toEqual(await here.parseDefinition([text], x));
    const bad = renderInput({ 'a.yaml': 'a: 1\na: 2\n' });
    const refusal = await refusalOf(there.renderRevision([bad], x));
    expect(refusal.code).toBe('validation_failed');
    expect(refusal.errors).toMatchObject([{ file: 'a.yaml', line: 2 }]);
  });

  it('are ended at their limit of time, by name, while other work goes on in the next one [A-PIPE-05, A-DEP-06]', async () => {
    const quick = open({ threads: 1, timeoutMs: 3000 });
    const [refusal, after] = await Promise.all([
      refusalOf(planLong(quick)),
      quick.run('parseDefinition', ['steps: []'], labelOf('eve', true)),
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
      small.run('planPipeline', [definition, long.context], labelOf('eve')),
    );
    expect(refusal).toMatchObject({ code: 'unprocessable' });
    expect(refusal.message).toContain('.platform.yaml needs more than 24 MiB to be read');
    expect(await small.run('parseDefinition', ['steps: []'], labelOf('eve', true))).toMatchObject({
      ok: false,
    });
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
      Array.from({ length: 5 }, () =>
        tiny.run('parseDefinition', ['steps: []'], labelOf('eve', true)),
      ),
    );
    const refused = answers.filter(({ status }) => status === 'rejected');
    expect(refused).toHaveLength(2);
    expect(refused[0]).toMatchObject({ reason: { code: 'unavailable' } });
  });

  it('let nobody wait for the long work of somebody else, nor a quick reading for any [A-PIPE-05, A-API-01]', async () => {
    const shared = open({ timeoutMs: 4000, share: 20 });
    let ended = 0;
    const flood = Array.from({ length: 20 }, () =>
      refusalOf(planLong(shared)).then((refusal) => {
        ended += 1;
        return refusal.code;
      }),
    );
    const definition = { steps: [{ name: 'a', timeout: '1m' }] };
    const planned = shared
      .run('planPipeline', [definition, long.context], labelOf('alice'))
      .then(() => ended);
    const read = shared.run('parseDefinition', ['steps: []'], labelOf('eve', true));
    const readBefore = await read.then(() => ended);
    expect({ readBefore, plannedBefore: await planned }).toEqual({
      readBefore: 0,
      plannedBefore: 0,
    });
    await shared.close();
    expect(new Set(await Promise.all(flood))).toEqual(new Set(['unavailable']));
  });

  it('refuse one who fills the queue, and nobody else [A-API-01]', async () => {
    const busy = open({ threads: 1, queue: 8, share: 3 });
    const parse = (whose: string) =>
      busy.run('parseDefinition', ['steps: []'], labelOf(whose, true));
    const own = Array.from({ length: 6 }, () => parse('eve'));
    const other = parse('alice');
    const answers = await Promise.allSettled(own);
    expect(answers.filter(({ status }) => status === 'rejected')).toHaveLength(2);
    expect(await other).toMatchObject({ ok: false });
  });

  it('are there for as long as there is work, and are ended by rest [A-PIPE-05]', async () => {
    const resting = open({ idleMs: 50 });
    const read = () => resting.run('parseDefinition', ['steps: []'], labelOf('eve', true));
    const before = resting.size();
    await read();
    const atWork = resting.size();
    await holds(() => {
      expect(resting.size()).toBe(0);
    });
    await read();
    expect({ before, atWork, again: resting.size() }).toEqual({ before: 0, atWork: 1, again: 1 });
  });

  it('cost a small pipeline next to nothing once they are warm [A-PIPE-05]', async () => {
    const text = 'steps:\n  - { name: a, commands: [x] }\n';
    const there = heavyBy(pool.run);
    for (let round = 0; round < 50; round += 1) await there.parseDefinition([text], x);
    const began = performance.now();
    for (let round = 0; round < 200; round += 1) await there.parseDefinition([text], x);
    const eachMs = (performance.now() - began) / 200;
    expect(eachMs).toBeLessThan(100);
    if (process.env['SLIPWAY_TELL'] === '1') process.stdout.write(`${eachMs.toFixed(3)} ms\n`);
  });
});
