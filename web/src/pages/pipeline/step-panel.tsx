import type { JSX } from 'preact';
import type { Gate, RunDetail, Step } from '../../api/types.ts';
import { Empty, ProblemBox } from '../../components/feedback.tsx';
import { LogView } from '../../components/log-view.tsx';
import { gateState, Status, stepState } from '../../components/status.tsx';
import { Duration, Time } from '../../components/time.tsx';
import { ApiProblem } from '../../api/problem.ts';
import { StepEgress } from './step-egress.tsx';
import { logUrl, useLog } from './use-log.ts';

/** The selected step: what it is, how it ended, and its output as it is written. */
export function StepPanel({ run, step }: { run: RunDetail; step: Step }): JSX.Element {
  return (
    <section class="step-panel" aria-label={`Step ${step.name}`}>
      <header class="step-head">
        <h2 class="truncate">{step.name}</h2>
        <Status state={stepState(step)} />
        <span class="line-meta">
          <Duration start={step.startedAt} end={step.finishedAt} ms={step.durationMs} />
          {step.attempt > 1 && <span class="num">try {step.attempt}</span>}
          {step.exitCode !== null && step.exitCode !== 0 && (
            <span>
              exit code <code>{step.exitCode}</code>
            </span>
          )}
          {step.reason && !/^exit code \d+$/.test(step.reason) && <span>{step.reason}</span>}
          {step.kind === 'command' && step.image && <code class="wide-only">{step.image}</code>}
        </span>
      </header>
      {step.kind === 'gate' ? (
        <GateRecord gate={run.gates.find((gate) => gate.step === step.name)} />
      ) : (
        <>
          {step.finishedAt !== null && <StepEgress runId={run.id} step={step} />}
          <StepLog run={run} step={step} />
        </>
      )}
    </section>
  );
}

function StepLog({ run, step }: { run: RunDetail; step: Step }): JSX.Element {
  const begun = step.startedAt !== null || step.logBytes > 0;
  return begun ? (
    <OpenLog run={run} step={step} />
  ) : (
    <Empty
      icon={step.status === 'skipped' ? 'skipped' : 'queued'}
      title={step.status === 'pending' ? 'Not started yet' : 'It did not run'}
    >
      {step.reason ??
        (step.needs.length > 0 && step.status === 'pending'
          ? `Starts after ${step.needs.join(', ')}.`
          : 'There is no output.')}
    </Empty>
  );
}

function OpenLog({ run, step }: { run: RunDetail; step: Step }): JSX.Element {
  const settled = step.finishedAt !== null;
  const failed = step.status === 'failure';
  const { name, attempt } = step;
  const followed = useLog({ run: run.id, name, attempt, settled, failed });
  if (followed.refused) {
    const problem = new ApiProblem(
      403,
      { title: 'The log cannot be shown', detail: 'You may not read it, or it was removed.' },
      null,
    );
    return <ProblemBox problem={problem} />;
  }
  return (
    <LogView
      key={step.attempt}
      {...followed}
      settled={settled}
      failed={failed}
      downloadUrl={logUrl(run.id, step.name, '?download=1')}
      label={`Output of ${step.name}`}
    />
  );
}

const words = { approve: 'approved', reject: 'rejected', skip: 'skipped' } as const;

function GateRecord({ gate }: { gate: Gate | undefined }): JSX.Element {
  if (!gate)
    return (
      <Empty icon="waiting" title="The gate is not open yet">
        It opens when the steps before it have passed.
      </Empty>
    );
  return (
    <div class="gate-record">
      <p class="line-meta">
        <Status state={gateState(gate)} word={gate.status === 'open' ? 'Open' : gate.status} />
        <span>
          opened <Time at={gate.createdAt} />
        </span>
        <span>
          needs <code>{gate.permission}</code>, <span class="num">{gate.quorum}</span> approval
          {gate.quorum === 1 ? '' : 's'}
        </span>
      </p>
      {(gate.decisions ?? []).map((decision) => (
        <blockquote key={decision.createdAt + decision.deciderId}>
          <p>
            <code>{decision.deciderId}</code> {words[decision.decision]}{' '}
            <Time at={decision.createdAt} />
            {!decision.isCounted && ' (does not count: they may not decide here)'}
          </p>
          {decision.reason && <p>{decision.reason}</p>}
        </blockquote>
      ))}
    </div>
  );
}
