import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import type { PipelineTrigger } from '../../contracts/pipeline/types.ts';
import { parseDefinition } from '../pipeline/definition/parse-definition.ts';
import { planPipeline, startsRun } from '../pipeline/definition/plan-pipeline.ts';
import { previewOf } from './want-preview.ts';

describe('the sample of the demo', () => {
  const file = new URL('../../deploy/sample/.platform.yaml', import.meta.url);
  const parsed = parseDefinition(readFileSync(file, 'utf8'));
  if (!parsed.ok) throw new Error(parsed.message);
  const { definition } = parsed;
  const gitRef = 'refs/heads/topic';
  const plan = planPipeline(definition, {
    trigger: 'mr',
    gitRef,
    commitSha: 'a'.repeat(40),
    targetBranch: 'main',
    changedPaths: null,
    projectName: 'sample',
    pipelineNumber: 2,
  });

  it('asks for a preview of each merge request, of what its own run stores [A-DEP-01] [A-MR-06]', () => {
    const starts = (trigger: PipelineTrigger) => startsRun(definition, { trigger, gitRef });
    expect([starts('push'), starts('mr')]).toEqual([true, true]);
    const preview = previewOf(plan);
    expect(preview).toMatchObject({ environment: 'preview', skipReason: null });
    const stored = plan.steps.flatMap(({ artifacts }) => artifacts.map(({ name }) => name));
    expect(stored.map((name) => `artifact:${name}`)).toContain(preview?.image);
  });
});
