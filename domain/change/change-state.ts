import type { ChangeState } from '../../contracts/change.ts';
import type { ChangeRows } from './load-changes.ts';

export interface StateLine {
  state: ChangeState;
  /** one line for people: `#12 failed at test` */
  line: string;
}

const syncLines: Readonly<Record<string, { state: ChangeState; word: string }>> = {
  running: { state: 'deploying', word: 'is being deployed to' },
  waiting: { state: 'waiting', word: 'waits before' },
  baking: { state: 'deploying', word: 'is watched in' },
  undoing: { state: 'deploying', word: 'is being undone in' },
  succeeded: { state: 'deployed', word: 'runs in' },
  undone: { state: 'rolled_back', word: 'was rolled back in' },
  rejected: { state: 'failure', word: 'was not let into' },
  needs_human: { state: 'needs_human', word: 'needs a person in' },
};

/** Where a change is by now: what waits for a person first, then its last deployment, run, merge request, push. */
export function stateOfChange(rows: ChangeRows): StateLine {
  const waiting = rows.gates.find((gate) => gate.status === 'open');
  if (waiting !== undefined) return { state: 'waiting', line: `waits at ${waiting.step}` };
  return (
    stateOfSyncs(rows) ??
    stateOfRuns(rows) ??
    stateOfRequests(rows) ?? { state: 'pushed', line: 'pushed' }
  );
}

function stateOfSyncs({ syncs }: ChangeRows): StateLine | null {
  // What was overtaken says nothing of this change.
  const last = syncs.findLast((sync) => sync.status !== 'superseded');
  const known = last && syncLines[last.status];
  if (known === undefined) return null;
  return { state: known.state, line: `${known.word} ${last?.deployment.environment ?? ''}` };
}

function stateOfRuns({ pipelines }: ChangeRows): StateLine | null {
  const open = pipelines.findLast((run) => run.status === 'running' || run.status === 'pending');
  const last = open ?? pipelines.findLast((run) => run.status !== 'skipped') ?? pipelines.at(-1);
  if (last === undefined) return null;
  const name = `#${String(last.number)}`;
  if (last.status === 'success') return { state: 'success', line: `${name} passed` };
  if (last.status === 'skipped') return { state: 'cancelled', line: `${name} was skipped` };
  if (last.status === 'cancelled') return { state: 'cancelled', line: `${name} was cancelled` };
  if (last.status !== 'failure') return { state: 'running', line: `${name} is ${last.status}` };
  const step = last.steps.find((one) => one.status === 'failure')?.name;
  return { state: 'failure', line: `${name} failed${step === undefined ? '' : ` at ${step}`}` };
}

function stateOfRequests({ mergeRequests }: ChangeRows): StateLine | null {
  const last = mergeRequests.at(-1);
  if (last === undefined) return null;
  const state = last.status === 'merged' ? 'merged' : 'open';
  return { state, line: `!${String(last.number)} is ${last.status}` };
}
