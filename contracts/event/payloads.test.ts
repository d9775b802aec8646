import { describe, expect, it } from '@jest/globals';
import { eventPayloads } from './payloads.ts';
import { eventTypes, type EventType } from './types.ts';

/** Seed 000's table: 17 types with the keys that each carries. */
const seedTable: Partial<Record<EventType, Record<string, unknown>>> = {
  'protocol.created': { protocol_run_id: 'p1' },
  'protocol.started': { protocol_run_id: 'p1', workflow_id: 'protocol-run:p1' },
  'protocol.planned': { protocol_run_id: 'p1', task_count: 3 },
  'protocol.completed': { protocol_run_id: 'p1', duration: 12.5 },
  'protocol.failed': { protocol_run_id: 'p1', error: 'no plan' },
  'step.started': { step_run_id: 's1', agent_id: 'a1' },
  'step.completed': { step_run_id: 's1', artifacts: [] },
  'step.failed': { step_run_id: 's1', error: 'exit 1' },
  'step.blocked': { step_run_id: 's1', reason: 'a question is open' },
  'qa.started': { step_run_id: 's1' },
  'qa.passed': { step_run_id: 's1', score: 0.9 },
  'qa.failed': { step_run_id: 's1', findings: ['no test'] },
  'feedback.created': { step_run_id: 's1', action: 'retry' },
  'clarification.created': { clarification_id: 'c1' },
  'clarification.answered': { clarification_id: 'c1' },
  'ci.check_run': { status: 'completed', conclusion: 'success' },
  'ci.pr_opened': { pr_url: 'https://forge.example.test/pr/1', pr_number: 1 },
};

describe('the event catalogue', () => {
  it('has the 17 types of the seed, and a payload schema for every type it has [A-EVT-05]', () => {
    expect(Object.keys(seedTable)).toHaveLength(17);
    expect(eventTypes).toEqual(expect.arrayContaining(Object.keys(seedTable)));
    expect(Object.keys(eventPayloads).sort()).toEqual([...eventTypes].sort());
    expect(new Set(eventTypes).size).toBe(eventTypes.length);
  });

  it.each(Object.entries(seedTable))(
    'takes a %s with the keys of the table, and refuses one that lacks any of them [A-EVT-06]',
    (type, payload) => {
      const schema = eventPayloads[type as EventType];
      expect(schema.safeParse(payload).success).toBe(true);
      for (const key of Object.keys(payload)) {
        const { [key]: _left, ...rest } = payload;
        expect(schema.safeParse(rest).success).toBe(false);
      }
    },
  );

  it('takes the steps of pipelines by their own keys [A-EVT-06]', () => {
    const step = { pipelineId: 'run_1', step: 'build', attempt: 1 };
    expect(eventPayloads['step.started'].safeParse(step).success).toBe(true);
    expect(eventPayloads['step.started'].safeParse({ step: 'build' }).success).toBe(false);
  });
});
