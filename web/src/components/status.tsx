import type { JSX } from 'preact';
import type { Gate, Run, Step } from '../api/types.ts';
import type { StateName } from '../lib/state-name.ts';
import { Icon } from './icon.tsx';

const words: Readonly<Record<StateName, string>> = {
  queued: 'Queued',
  running: 'Running',
  success: 'Passed',
  failure: 'Failed',
  cancelled: 'Cancelled',
  waiting: 'Waiting',
  blocked: 'Blocked',
  skipped: 'Skipped',
  paused: 'Paused',
  degraded: 'Degraded',
};

/** The state that a run is shown in. */
export function runState(run: Pick<Run, 'status' | 'isPaused'>): StateName {
  if (run.isPaused && (run.status === 'running' || run.status === 'pending')) return 'paused';
  return run.status === 'pending' ? 'queued' : run.status;
}

/** The state that a step is shown in. */
export function stepState(step: Pick<Step, 'status'>): StateName {
  return step.status === 'pending' ? 'queued' : step.status;
}

/** The state that a gate is shown in. */
export function gateState(gate: Pick<Gate, 'status'>): StateName {
  const states = {
    open: 'waiting',
    approved: 'success',
    rejected: 'failure',
    skipped: 'skipped',
  } as const;
  return gate.status in states ? states[gate.status as keyof typeof states] : 'cancelled';
}

export function stateWord(state: StateName): string {
  return words[state];
}

/** Colour role of a state, for classes `state-…`. */
export function stateTone(state: StateName): string {
  if (state === 'skipped') return 'cancelled';
  return state === 'paused' || state === 'degraded' ? 'waiting' : state;
}

/** A state as icon, colour and word; `compact` keeps the word for screen readers only. */
export function Status({
  state,
  compact = false,
  badge = false,
  word,
}: {
  state: StateName;
  compact?: boolean;
  badge?: boolean;
  word?: string;
}): JSX.Element {
  return (
    <span
      class={`status state-${stateTone(state)} ${badge ? 'badge' : ''}`}
      title={compact ? (word ?? words[state]) : undefined}
    >
      <Icon name={state} class={state === 'running' ? 'spin' : ''} />
      <span class={compact ? 'hidden-visually' : ''}>{word ?? words[state]}</span>
    </span>
  );
}
