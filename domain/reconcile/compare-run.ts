import type { StepStatus } from '../../contracts/pipeline/types.ts';
import type { EngineRun, Mismatch } from '../../contracts/reconcile/types.ts';

/** A run as the database has it. */
export interface StoredRun {
  id: string;
  status: string;
  createdAt: Date;
  steps: readonly { id: string; name: string; status: string }[];
}

/** A run's start goes through the outbox, so for a while it has no workflow. */
const startGraceMs = 30_000;

const ended: ReadonlySet<string> = new Set<StepStatus>([
  'success',
  'failure',
  'skipped',
  'cancelled',
]);

/** Where the database and the engine disagree on an unfinished run; the engine is right. */
export function compareRun(run: StoredRun, engine: EngineRun, now: Date): Mismatch[] {
  const ofRun = (engineStatus: string): Mismatch[] => [
    { kind: 'pipeline', pipelineId: run.id, stepId: null, dbStatus: run.status, engineStatus },
  ];
  if (engine.state === 'unknown') return [];
  if (engine.state === 'ended') return ofRun(engine.status);
  if (engine.state === 'missing') {
    const isYoung = now.getTime() - run.createdAt.getTime() < startGraceMs;
    return run.status === 'pending' && isYoung ? [] : ofRun('missing');
  }
  return (engine.steps ?? []).flatMap(({ name, status }) => {
    const step = run.steps.find((one) => one.name === name);
    // A row that is ahead of the engine is the normal order: rows are written first, then the engine is told.
    if (step === undefined || ended.has(step.status) || !ended.has(status)) return [];
    return [
      {
        kind: 'step' as const,
        pipelineId: run.id,
        stepId: step.id,
        dbStatus: step.status,
        engineStatus: status,
      },
    ];
  });
}

/** The same disagreement as before: not one that was on its way and has arrived, or another. */
export function isSameMismatch(a: Mismatch, b: Mismatch): boolean {
  return (
    a.kind === b.kind &&
    a.pipelineId === b.pipelineId &&
    a.stepId === b.stepId &&
    a.dbStatus === b.dbStatus &&
    a.engineStatus === b.engineStatus
  );
}
