import { describe, expect, it } from '@jest/globals';
import { parseDefinition } from './parse-definition.ts';
import { eventWordOf, planPipeline, type PlanContext } from './plan-pipeline.ts';

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

describe('the event of a run', () => {
  it.each([
    ['push', 'refs/heads/main', 'push'],
    ['push', 'refs/tags/v1', 'tag'],
    ['mr', 'refs/heads/topic', 'merge_request'],
    ['api', 'refs/tags/v1', 'api'],
  ] as const)(
    '%s of %s is told to a step in the word of the file: %s [A-PIPE-02]',
    (trigger, gitRef, word) => {
      expect(eventWordOf({ trigger, gitRef })).toBe(word);
      const text = `steps: [{ name: a, commands: [x], when: { event: ${word} } }]\n`;
      const [step] = planPipeline(parsed(text), { ...context, trigger, gitRef }).steps;
      expect(step?.skipReason).toBeNull();
    },
  );
});

describe('the patterns of `when`', () => {
  it.each([
    ['path: ../docs', 'leads out of the repository'],
    ['path: ["src/**", "./"]', 'it names no file'],
    ['path: "{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}"', 'more than 64 alternatives'],
    ['path: "!docs/**"', 'only leaves out'],
    ['path: { include: ["!docs/**"] }', 'only leaves out'],
    ['path: { exclude: "!docs/**" }', 'what exclude lists is left out already'],
    ['branch: /main', 'no branch or tag has an empty part in its name'],
    ['branch: release/', 'no branch or tag has an empty part in its name'],
    ['branch: refs/pull/*', 'refs/heads/ or refs/tags/'],
  ])('refuses `when: { %s }`, which could never hold [A-PIPE-01]', (when, said) => {
    const result = faults(`steps:\n  - name: a\n    commands: [x]\n    when: { ${when} }\n`);
    expect(result.faults[0]).toMatchObject({ line: 4 });
    expect(result.message).toContain(said);
  });

  it.each([
    ['path: docs/', ['docs/a.md'], true],
    ['path: ./docs/**', ['docs/a.md'], true],
    ['path: /docs/**', ['docs/deep/a.md'], true],
    ['path: docs', ['docs/a.md'], true],
    ['path: "src/*"', ['src/deep/a.ts'], false],
    ['path: ["src/**", "!src/docs/**"]', ['src/docs/a.md'], false],
    ['path: ["src/**", "!src/docs/**"]', ['src/docs/a.md', 'src/a.ts'], true],
    ['path: ["src/**", "!src/docs/**", "src/docs/api/**"]', ['src/docs/api/a'], true],
    ['path: { exclude: docs/ }', ['docs/a.md'], false],
    ['branch: refs/heads/main', ['a'], true],
    ['branch: ["**", "!main"]', ['a'], false],
  ])('reads `when: { %s }` as others do, over %j: %s [A-PIPE-01]', (when, changedPaths, runs) => {
    const text = `steps: [{ name: a, commands: [x], when: { ${when} } }]\n`;
    const [step] = planPipeline(parsed(text), { ...context, changedPaths }).steps;
    expect(step?.skipReason === null).toBe(runs);
  });

  it('runs a step that asks for paths when nobody can tell which have changed, and says so [A-PIPE-01]', () => {
    const of = { ...context, changedPaths: null, tooManyChanged: true };
    const text = 'steps: [{ name: a, commands: [x], when: { path: "web/**" } }]\n';
    const plan = planPipeline(parsed(text), of);
    expect(plan.steps[0]?.skipReason).toBeNull();
    expect(plan.notices).toEqual([
      'more files have changed than are looked at one by one: every `when: path` holds',
    ]);
  });

  it('looks at many paths and patterns within the time of a thread [A-PIPE-01]', () => {
    const changedPaths = Array.from({ length: 50_000 }, (_, at) => `gen/${String(at)}/a.ts`);
    const globs = Array.from({ length: 20 }, (_, at) => `"web/**/x${String(at)}*"`).join(', ');
    const text = `steps: [{ name: a, commands: [x], matrix: { N: [1, 2, 3] }, when: { path: [${globs}] } }]\n`;
    const started = performance.now();
    planPipeline(parsed(text), { ...context, changedPaths });
    expect(performance.now() - started).toBeLessThan(15_000);
  });
});
