import { describe, expect, it } from '@jest/globals';
import type { StepPlan } from '../../contracts/pipeline/types.ts';
import { PipelineRunProgress } from './pipeline-run.state.ts';

function step(name: string, needs: string[] = [], extra: Partial<StepPlan> = {}): StepPlan {
  return {
    name,
    kind: 'command',
    image: '',
    commands: ['true'],
    needs,
    env: {},
    secrets: [],
    retries: 0,
    timeoutMs: 1000,
    network: 'none',
    artifacts: [],
    gate: null,
    skipReason: null,
    allowFailure: false,
    ...extra,
  };
}

const names = (plans: readonly StepPlan[]) => plans.map((plan) => plan.name);

function run(
  progress: PipelineRunProgress,
  name: string,
  status: 'success' | 'failure' | 'skipped' | 'cancelled',
): void {
  progress.begin(name, 'running');
  progress.end(name, status, null);
}

describe('progress of a pipeline run', () => {
  it('starts independent steps together and a step once all it needs has succeeded [A-PIPE-04]', () => {
    const progress = new PipelineRunProgress([step('a'), step('b'), step('c', ['a', 'b'])]);
    expect(names(progress.startable())).toEqual(['a', 'b']);
    run(progress, 'a', 'success');
    progress.begin('b', 'running');
    expect(names(progress.startable())).toEqual([]);
    progress.end('b', 'success', null);
    expect(names(progress.startable())).toEqual(['c']);
    run(progress, 'c', 'success');
    expect(progress.isOver()).toBe(true);
    expect(progress.outcome()).toBe('success');
  });

  it('starts no more commands at once than its share, gates beside them, the next when one has ended [A-PIPE-04]', () => {
    const many = Array.from({ length: 1000 }, (_, at) => step(`t.${String(at)}`));
    const progress = new PipelineRunProgress([...many, step('ask', [], { kind: 'gate' })]);
    expect(names(progress.startable(3))).toEqual(['t.0', 't.1', 't.2', 'ask']);
    for (const name of ['t.0', 't.1', 't.2']) progress.begin(name, 'running');
    progress.begin('ask', 'waiting');
    expect(progress.startable(3)).toEqual([]);
    progress.end('t.1', 'success', null);
    expect(names(progress.startable(3))).toEqual(['t.3']);
  });

  it('skips everything behind a failure, and nothing beside it [A-PIPE-04]', () => {
    const progress = new PipelineRunProgress([
      step('a'),
      step('b', ['a']),
      step('c', ['b']),
      step('d'),
    ]);
    run(progress, 'a', 'failure');
    expect(progress.takeBlocked()).toEqual([
      { name: 'b', reason: 'a did not succeed' },
      { name: 'c', reason: 'b did not succeed' },
    ]);
    expect(progress.takeBlocked()).toEqual([]);
    expect(names(progress.startable())).toEqual(['d']);
    run(progress, 'd', 'success');
    expect(progress.outcome()).toBe('failure');
  });

  it('goes on behind a step whose failure is ignored and one that its own when skipped [A-PIPE-04]', () => {
    const progress = new PipelineRunProgress([
      step('lint', [], { allowFailure: true }),
      step('docs', [], { skipReason: 'when: branch' }),
      step('ship', ['lint', 'docs']),
    ]);
    run(progress, 'lint', 'failure');
    expect(names(progress.startable())).toEqual(['ship']);
    run(progress, 'ship', 'success');
    expect(progress.outcome()).toBe('success');
  });

  it('starts nothing while paused and goes on afterwards [A-PIPE-03]', () => {
    const progress = new PipelineRunProgress([step('a')]);
    progress.pause();
    expect(progress.startable()).toEqual([]);
    expect(progress.isOver()).toBe(false);
    progress.resume();
    expect(names(progress.startable())).toEqual(['a']);
  });

  it('ends cancelled once what runs has stopped [A-PIPE-03]', () => {
    const progress = new PipelineRunProgress([step('a'), step('b', ['a'])]);
    progress.begin('a', 'running');
    progress.cancel();
    expect(progress.isOver()).toBe(false);
    progress.end('a', 'cancelled', 'cancelled');
    expect(progress.isOver()).toBe(true);
    expect(progress.outcome()).toBe('cancelled');
  });

  it('names the steps whose files a step builds on in the order of their layers, without skipped ones [A-PIPE-04]', () => {
    const progress = new PipelineRunProgress([
      step('a'),
      step('b', ['a']),
      step('c', ['a']),
      step('d', ['c', 'b']),
    ]);
    for (const name of ['a', 'b', 'c']) run(progress, name, 'success');
    expect(progress.ancestorsOf('d')).toEqual(['a', 'c', 'b']);
  });

  it('gives steps to one activity as far as each has but one behind it that can follow at once [A-PIPE-04]', () => {
    const rowOf = (steps: StepPlan[], first = steps[0]?.name) => {
      const [start] = steps.filter(({ name }) => name === first);
      return start === undefined ? [] : names(new PipelineRunProgress(steps).rowFrom(start));
    };
    const line = [step('a'), step('b', ['a']), step('c', ['b'])];
    expect(rowOf(line)).toEqual(['a', 'b', 'c']);
    // beside each other, and before a gate
    expect(rowOf([...line, step('d', ['b'])])).toEqual(['a', 'b']);
    expect(rowOf([step('a'), step('ask', ['a'], { kind: 'gate' }), step('c', ['ask'])])).toEqual([
      'a',
    ]);
    // what waits for another one, too
    expect(rowOf([...line, step('x'), step('d', ['c', 'x'])])).toEqual(['a', 'b', 'c']);
    // one that its own when skipped is no step in it
    const skipped = step('s', ['a'], { skipReason: 'when: branch' });
    expect(rowOf([...line, skipped])).toEqual(['a', 'b', 'c']);
  });

  it('knows a row that ends the run well when its steps do [A-PIPE-04]', () => {
    const [a, b, c] = [step('a'), step('b', ['a']), step('c', [], { allowFailure: true })];
    const progress = new PipelineRunProgress([a, b, c]);
    expect(progress.isRest([a, b])).toBe(false);
    run(progress, 'c', 'failure');
    expect(progress.isRest([a, b])).toBe(true);
    progress.begin('a', 'running');
    expect(progress.isRest([b])).toBe(false);
    expect(progress.ancestorsOf('b', ['a', 'b'])).toEqual(['a']);
    progress.end('a', 'failure', null);
    expect(progress.isRest([])).toBe(false);
    progress.cancel();
    expect(progress.isRest([a, b])).toBe(false);
  });
});
