import { describe, expect, it } from '@jest/globals';
import { parseDefinition } from './parse-definition.ts';
import {
  planPipeline,
  resolveEnv,
  secretsOf,
  startsRun,
  type PlanContext,
} from './plan-pipeline.ts';
import { definitionJsonSchema } from './schema.ts';

const context: PlanContext = {
  trigger: 'push',
  gitRef: 'refs/heads/main',
  commitSha: '0123456789abcdef0123456789abcdef01234567',
  changedPaths: ['src/a.ts'],
  projectName: 'app',
  pipelineNumber: 7,
};

function parsed(text: string) {
  const result = parseDefinition(text);
  if (!result.ok) throw new Error(result.message);
  return result.definition;
}

function faults(text: string) {
  const result = parseDefinition(text);
  if (result.ok) throw new Error('expected faults');
  return result;
}

describe('.platform.yaml', () => {
  it('gives steps in the order of the file when none has needs [A-PIPE-01]', () => {
    const plan = planPipeline(
      parsed(
        'steps:\n  - { name: a, commands: [x] }\n  - { name: b, commands: y }\n  - { name: c, commands: [z] }\n',
      ),
      context,
    );
    expect(plan.steps.map((step) => [step.name, step.needs])).toEqual([
      ['a', []],
      ['b', ['a']],
      ['c', ['b']],
    ]);
  });

  it('names file, line, column and what was expected [A-PIPE-01]', () => {
    const result = faults('steps:\n  - name: build\n    commands: [make]\n    timeout: soon\n');
    expect(result.faults[0]).toMatchObject({ line: 4, column: 5, path: 'steps[0].timeout' });
    expect(result.message).toContain('.platform.yaml:4:5: steps[0].timeout: expected a duration');
  });

  it('names an unknown key at its own place [A-PIPE-01]', () => {
    const result = faults('steps:\n  - name: build\n    comands: [make]\n    commands: [make]\n');
    expect(result.message).toContain('.platform.yaml:3:5');
    expect(result.message).toContain('unknown key "comands"');
  });

  it.each([
    ['not yaml', 'steps: [', 'platform.yaml:1'],
    ['a list at the top', '- a\n', 'expected object'],
    ['empty', '', 'expected object'],
    ['a double key', 'steps: []\nsteps: []\n', '2:1'],
    [
      'an unknown need',
      'steps:\n  - { name: a, commands: [x], needs: [b] }\n',
      'needs "b", which is no step',
    ],
    [
      'a cycle',
      'steps:\n  - { name: a, commands: [x], needs: [b] }\n  - { name: b, commands: [x], needs: [a] }\n',
      'a → b → a',
    ],
    [
      'a double name',
      'steps:\n  - { name: a, commands: [x] }\n  - { name: a, commands: [x] }\n',
      'name of step 1 already',
    ],
    ['neither commands nor gate', 'steps:\n  - { name: a }\n', 'needs either commands or a gate'],
    [
      'a secret in a command',
      'steps:\n  - { name: a, commands: ["echo ${{ secrets.X }}"] }\n',
      'list it under secrets',
    ],
    [
      'an artifact outside',
      'steps:\n  - { name: a, commands: [x], artifacts: [{ name: e, path: ../x }] }\n',
      'inside the workspace',
    ],
  ])('refuses %s in one readable message [A-PIPE-01]', (_what, text, message) => {
    expect(faults(text).message).toContain(message);
  });

  it('ends an alias bomb at once [A-PIPE-01]', () => {
    const bomb = ['a: &a [x,x,x,x,x,x,x,x,x]'];
    for (let i = 1; i < 9; i += 1) {
      const from = String.fromCharCode(96 + i);
      const to = String.fromCharCode(97 + i);
      bomb.push(`${to}: &${to} [${Array(9).fill(`*${from}`).join(',')}]`);
    }
    const started = performance.now();
    expect(faults(bomb.join('\n')).message).toContain('aliases');
    expect(performance.now() - started).toBeLessThan(30_000);
  });

  it.each([
    [
      'nested lists',
      `a: ${'['.repeat(100_000)}`,
      '.platform.yaml:1:69: it is nested deeper than 64',
    ],
    [
      'nested maps',
      Array.from({ length: 200 }, (_, at) => `${' '.repeat(at)}a:`).join('\n'),
      'it is nested deeper than 64 levels',
    ],
    ['lists within lists', '- '.repeat(20_000), 'it is nested deeper than 64 levels'],
    ['more parts than a pipeline has', 'a: 1\n'.repeat(40_000), 'too many parts'],
    ['more than 100 aliases', `a: &a 1\nb: [${'*a, '.repeat(101)}]`, 'more than 100 aliases'],
    ['a second document', 'a: 1\n---\nb: 1\n', '.platform.yaml:2:1: '],
  ])(
    'refuses %s by a limit, before anything is built of it [A-CORE-06, A-PIPE-01]',
    (_, text, said) => {
      expect(faults(text).message).toContain(said);
    },
  );

  it.each([
    ['NUL in a command', 'steps:\n  - { name: a, commands: ["echo \\0"] }\n', '2:27'],
    ['NUL in a key', 'steps:\n  - { name: a, commands: [x] }\nenv:\n  "A\\0": b\n', '4:3'],
    ['half of a character', 'env: { A: "\\ud800" }\nsteps: []\n', '1:11'],
    ['NUL as it is', 'env: { A: a\0b }\nsteps: []\n', '1:11'],
  ])('refuses %s, which no database keeps, at its place [A-PIPE-01]', (_, text, place) => {
    expect(faults(text).message).toContain(
      `.platform.yaml:${place}: the text holds NUL or half of`,
    );
  });

  it.each([
    [
      'more steps than a run may have',
      Array.from({ length: 12 }, (_, at) => `K${String(at)}: [${'1, '.repeat(20)}]`).join(', '),
      'makes more steps than the 1000',
    ],
    [
      'two steps of one name',
      'A: [c++, "c#"]',
      'the values "c++" and "c#" make two steps of the name "t.c-"',
    ],
    ['the same step twice', 'A: [1, 2, 1]', 'the value "1" stands there twice'],
    ['a name that no index holds', `A: [${'x'.repeat(3000)}]`, 'a name of more than 255'],
  ])('refuses a matrix that makes %s [A-PIPE-01]', (_, matrix, said) => {
    const result = faults(`steps:\n  - { name: t, commands: [x], matrix: { ${matrix} } }\n`);
    expect(result.faults[0]).toMatchObject({ line: 2, path: 'steps[0].matrix' });
    expect(result.message).toContain(said);
  });

  it.each([
    ['before', '  - { name: t.1, commands: [x] }\n', ''],
    ['after', '', '  - { name: t.1, commands: [x] }\n'],
  ])(
    'refuses a step that stands %s the matrix which makes one of its name [A-PIPE-01]',
    (_, before, after) => {
      const matrix = '  - { name: t, commands: [x], matrix: { N: [1, 2] } }\n';
      const { faults: found } = faults(`steps:\n${before}${matrix}${after}`);
      expect(found).toMatchObject([
        { line: 3, message: expect.stringContaining('"t.1" is the name of') },
      ]);
    },
  );

  it('skips by branch, event and path, and says why [A-PIPE-01]', () => {
    const plan = planPipeline(
      parsed(`steps:
  - { name: a, commands: [x], when: { branch: release/* } }
  - { name: b, commands: [x], when: { event: schedule } }
  - { name: c, commands: [x], when: { path: "docs/**" } }
  - { name: d, commands: [x], when: { branch: { exclude: dev }, event: [push], path: { include: "src/**" } } }
`),
      context,
    );
    expect(plan.steps.map((step) => step.skipReason)).toEqual([
      'when: branch main is not meant',
      'when: event push is not meant',
      'when: no changed file matches',
      null,
    ]);
  });

  it('runs a matrix step once for each combination and waits for all of them [A-PIPE-01]', () => {
    const plan = planPipeline(
      parsed(
        `steps:
  - { name: test, commands: ["echo \${{ matrix.NODE }}"], matrix: { NODE: [18, 20], DB: [pg] }, needs: [] }
  - { name: end, commands: [x], needs: [test] }
`.replace(', needs: []', ''),
      ),
      context,
    );
    expect(plan.steps.map((step) => step.name)).toEqual(['test.18.pg', 'test.20.pg', 'end']);
    expect(plan.steps[0]?.env).toEqual({ NODE: '18', DB: 'pg' });
    expect(plan.steps[1]?.commands).toEqual(['echo 20']);
    expect(plan.steps[2]?.needs).toEqual(['test.18.pg', 'test.20.pg']);
  });

  it('keeps secrets as references until the step starts [A-PIPE-10]', () => {
    const plan = planPipeline(
      parsed(
        'env: { A: "x-${{ secrets.TOKEN }}" }\nsteps:\n  - { name: a, commands: [x], secrets: [KEY] }\n',
      ),
      context,
    );
    const step = plan.steps[0];
    if (step === undefined) throw new Error('no step');
    expect(step.env['A']).toBe('x-${{ secrets.TOKEN }}');
    expect(secretsOf(step)).toEqual(['KEY', 'TOKEN']);
    expect(
      resolveEnv(
        step,
        new Map([
          ['TOKEN', 't'],
          ['KEY', 'k'],
        ]),
      ),
    ).toEqual({ A: 'x-t', KEY: 'k' });
  });

  it('starts on the events that `on` lists, and always by API [A-PIPE-02]', () => {
    const onTag = parsed('on: [tag]\nsteps: [{ name: a, commands: [x] }]\n');
    expect(startsRun(onTag, { trigger: 'push', gitRef: 'refs/heads/main' })).toBe(false);
    expect(startsRun(onTag, { trigger: 'push', gitRef: 'refs/tags/v1' })).toBe(true);
    expect(startsRun(onTag, { trigger: 'api', gitRef: 'refs/heads/main' })).toBe(true);
    const onCron = parsed('on: { schedule: "0 3 * * *" }\nsteps: [{ name: a, commands: [x] }]\n');
    expect(startsRun(onCron, { trigger: 'schedule', gitRef: 'refs/heads/main' })).toBe(true);
    expect(startsRun(onCron, { trigger: 'push', gitRef: 'refs/heads/main' })).toBe(false);
  });

  it('means the target of a merge request by `when: branch` [A-PIPE-02] [A-MR-06]', () => {
    const text = 'steps: [{ name: a, commands: [x], when: { branch: main } }]\n';
    const of = { ...context, trigger: 'mr' as const, gitRef: 'refs/heads/topic' };
    const reason = (targetBranch: string) =>
      planPipeline(parsed(text), { ...of, targetBranch }).steps[0]?.skipReason;
    expect(reason('main')).toBeNull();
    expect(reason('develop')).toBe('when: branch develop is not meant');
  });

  it('says what it does not act on yet instead of passing over it [A-PIPE-01]', () => {
    const plan = planPipeline(
      parsed('on: [push, { schedule: "0 3 * * *" }]\nsteps: [{ name: a, commands: [x] }]\n'),
      context,
    );
    expect(plan.notices).toEqual([
      'schedule does not start pipelines yet: push, tag, merge_request and api do',
    ]);
    expect(
      faults('concurrency: { group: a }\nsteps: [{ name: a, commands: [x] }]\n').message,
    ).toContain('unknown key "concurrency"');
  });

  it('plans what a successful run asks of the deployer [A-PIPE-09]', () => {
    const plan = planPipeline(
      parsed(
        'steps: [{ name: a, commands: [x] }]\ndeploy:\n  - { environment: staging, image: "app:${{ commit.short }}", bake: 10s }\n  - { environment: production, image: app, when: { branch: release } }\n',
      ),
      context,
    );
    expect(plan.deploy).toMatchObject([
      {
        environment: 'staging',
        image: `app:${context.commitSha.slice(0, 8)}`,
        bakeMs: 10_000,
        isImplicit: true,
        skipReason: null,
      },
      {
        environment: 'production',
        isImplicit: false,
        skipReason: expect.stringContaining('branch'),
      },
    ]);
  });

  it('says how much of the history steps find, and 20 commits where it says nothing [A-PIPE-01]', () => {
    const steps = 'steps: [{ name: a, commands: [x] }]\n';
    expect(planPipeline(parsed(steps), context).clone).toEqual({ depth: 20, tags: false });
    const whole = parsed(`clone: { depth: 0, tags: true }\n${steps}`);
    expect(planPipeline(whole, context).clone).toEqual({ depth: 0, tags: true });
    expect(faults(`clone: { depth: -1 }\n${steps}`).faults[0]).toMatchObject({
      ...{ line: 1, path: 'clone.depth' },
    });
    expect(faults(`clone: { strategy: none }\n${steps}`).message).toContain('unknown key');
    expect(definitionJsonSchema()).toMatchObject({ properties: { clone: { type: 'object' } } });
  });

  it('is described by a JSON Schema [A-PIPE-01]', () => {
    expect(definitionJsonSchema()).toMatchObject({
      type: 'object',
      required: ['steps'],
      additionalProperties: false,
    });
  });
});
