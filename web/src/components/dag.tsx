import type { JSX } from 'preact';
import { useLocation } from 'preact-iso';
import { useMemo } from 'preact/hooks';
import type { Step } from '../api/types.ts';
import { now } from '../app/clock.ts';
import { criticalPath, layoutDag, nodeHeight, nodeWidth } from '../lib/dag-layout.ts';
import { formatDuration } from '../lib/time.ts';
import { Icon } from './icon.tsx';
import { Status, stateTone, stateWord, stepState } from './status.tsx';
import { Duration } from './time.tsx';

interface DagProps {
  steps: readonly Step[];
  selected: string | null;
  /** address that selects a step */
  hrefOf: (step: string) => string;
}

function elapsed(step: Step): number {
  if (step.durationMs !== null && step.finishedAt !== null) return step.durationMs;
  if (step.startedAt === null) return 0;
  return Math.max(
    0,
    (step.finishedAt ? Date.parse(step.finishedAt) : now.value) - Date.parse(step.startedAt),
  );
}

/** Steps on the longest chain of a run; empty while only one step has run. */
export function criticalSteps(steps: readonly Step[]): Set<string> {
  const path = criticalPath(
    steps.map((step) => ({ name: step.name, needs: step.needs, durationMs: elapsed(step) })),
  );
  return new Set(path.length > 1 ? path : []);
}

/** The run as a graph, left to right: each step with its state, duration and attempt, the critical path marked. */
export function Dag({ steps, selected, hrefOf }: DagProps): JSX.Element {
  const shape = steps.map((step) => `${step.name}<${step.needs.join(',')}`).join(';');
  const layout = useMemo(
    () => layoutDag(steps.map((step) => ({ name: step.name, needs: step.needs, durationMs: 0 }))),
    [shape],
  );
  const byName = new Map(steps.map((step) => [step.name, step]));
  const critical = criticalSteps(steps);
  return (
    <div class="dag-frame">
      <svg
        class="dag"
        width={layout.width}
        height={layout.height}
        viewBox={`0 0 ${layout.width} ${layout.height}`}
        role="group"
        aria-label="Graph of the steps"
      >
        {layout.edges.map((edge) => {
          const marked = critical.has(edge.from) && critical.has(edge.to);
          const done = byName.get(edge.from)?.status === 'success';
          return (
            <path
              key={`${edge.from} ${edge.to}`}
              d={edge.path}
              class={`dag-edge ${marked ? 'critical' : ''} ${done ? 'done' : ''}`}
            />
          );
        })}
        {layout.nodes.map((node) => {
          const step = byName.get(node.name);
          return step ? (
            <DagNode
              key={node.name}
              step={step}
              x={node.x}
              y={node.y}
              selected={selected === node.name}
              critical={critical.has(node.name)}
              href={hrefOf(node.name)}
            />
          ) : null;
        })}
      </svg>
    </div>
  );
}

function shorten(name: string): string {
  return name.length > 20 ? `${name.slice(0, 19)}…` : name;
}

function DagNode({
  step,
  x,
  y,
  selected,
  critical,
  href,
}: {
  step: Step;
  x: number;
  y: number;
  selected: boolean;
  critical: boolean;
  href: string;
}): JSX.Element {
  const { route } = useLocation();
  // The router passes over links inside a drawing: without this the whole page would load anew.
  const go = (event: MouseEvent) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey || event.altKey || event.button !== 0)
      return;
    event.preventDefault();
    route(href);
  };
  const state = stepState(step);
  const time = elapsed(step) > 0 ? formatDuration(elapsed(step)) : '';
  const spoken = [step.name, stateWord(state), time, critical ? 'on the critical path' : ''];
  return (
    <a
      href={href}
      onClick={go}
      class={`dag-node state-${stateTone(state)} ${selected ? 'selected' : ''} ${critical ? 'critical' : ''}`}
      aria-current={selected ? 'true' : undefined}
    >
      <title>{spoken.filter(Boolean).join(', ')}</title>
      <rect class="dag-box" x={x} y={y} width={nodeWidth} height={nodeHeight} rx={6} />
      <svg x={x + 12} y={y + 10} width={16} height={16} aria-hidden="true">
        <Icon name={state} class={state === 'running' ? 'spin' : ''} />
      </svg>
      <text class="dag-name" x={x + 36} y={y + 22} aria-hidden="true">
        {shorten(step.name)}
      </text>
      <text class="dag-meta" x={x + 36} y={y + 40} aria-hidden="true">
        <tspan class="dag-state">
          {step.kind === 'gate' && state === 'waiting' ? 'Needs approval' : stateWord(state)}
        </tspan>
        {time && <tspan> · {time}</tspan>}
        {step.attempt > 1 && <tspan> · try {step.attempt}</tspan>}
      </text>
    </a>
  );
}

/** The same run as an ordered list, for small screens and for whoever prefers to read. */
export function StepList({ steps, selected, hrefOf }: DagProps): JSX.Element {
  const critical = criticalSteps(steps);
  return (
    <ol class="step-list" aria-label="Steps in order">
      {steps.map((step) => (
        <li key={step.name}>
          <a
            href={hrefOf(step.name)}
            aria-current={selected === step.name ? 'true' : undefined}
            data-item=""
          >
            <Status state={stepState(step)} compact />
            <span class="grow truncate">
              {step.name}
              {step.attempt > 1 && <span class="meta"> try {step.attempt}</span>}
            </span>
            {critical.has(step.name) && (
              <span class="critical-mark" title="On the critical path">
                critical
              </span>
            )}
            <span class="meta">
              <Duration start={step.startedAt} end={step.finishedAt} ms={step.durationMs} />
            </span>
          </a>
        </li>
      ))}
    </ol>
  );
}
