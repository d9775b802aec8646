import { z } from '@hono/zod-openapi';
import { environments, syncStatuses } from '../../../contracts/deploy/types.ts';
import { gateDecisions, gateStatuses } from '../../../contracts/gate/types.ts';
import {
  pipelineStatuses,
  pipelineTriggers,
  stepStatuses,
} from '../../../contracts/pipeline/types.ts';
import type { RunDeployment } from '../../../domain/deploy/deployments-of-run.ts';
import type { DescribedGate } from '../../../domain/gate/describe-gates.ts';
import { planOf } from '../../../domain/pipeline/begin-run.ts';
import { isRerun } from '../../../domain/pipeline/run-key.ts';
import type { ListedPipeline } from '../../../domain/pipeline/list-pipelines.ts';
import type { PipelineWithSteps } from '../../../domain/pipeline/read-pipelines.ts';

const time = z.iso.datetime().nullable();

const runDeployments = z
  .array(
    z.object({
      deploymentId: z.string(),
      environment: z.enum(environments),
      status: z.enum([...syncStatuses, 'pending', 'refused']).openapi({
        description:
          'Of the newest rollout; `pending`: none has begun, `refused`: what the run asks for cannot be rolled out',
      }),
      reason: z.string().nullable(),
      revision: z.int().nullable(),
    }),
  )
  .openapi({
    description: 'What became of what the run asked for, where you may see deployments',
  });

/** A run as lists show it. */
export const pipelineBody = z
  .object({
    id: z.string(),
    number: z.int(),
    project: z.object({ id: z.string(), owner: z.string(), name: z.string() }),
    changeId: z.string(),
    trigger: z.enum(pipelineTriggers),
    gitRef: z.string(),
    commitSha: z.string().nullable(),
    commitTitle: z.string().nullable(),
    status: z.enum(pipelineStatuses),
    isPaused: z.boolean(),
    isRerun: z.boolean().openapi({
      description: 'Somebody had run once more what `trigger` had started',
    }),
    triggeredBy: z.string().nullable(),
    error: z.string().nullable(),
    createdAt: z.iso.datetime(),
    startedAt: time,
    finishedAt: time,
    deployments: runDeployments,
  })
  .openapi('Pipeline');

export const stepBody = z
  .object({
    id: z.string(),
    stepOrder: z.int(),
    name: z.string(),
    kind: z.enum(['command', 'gate']),
    image: z.string(),
    commands: z.array(z.string()),
    needs: z.array(z.string()),
    status: z.enum(stepStatuses),
    attempt: z.int(),
    exitCode: z.int().nullable(),
    reason: z.string().nullable(),
    durationMs: z.int().nullable(),
    logBytes: z.int(),
    logRef: z.string().nullable(),
    startedAt: time,
    finishedAt: time,
  })
  .openapi('PipelineStep');

export const gateBody = z
  .object({
    id: z.string(),
    step: z.string(),
    subjectType: z.string(),
    subjectId: z.string(),
    projectId: z.string(),
    changeId: z.string(),
    commitSha: z.string().nullable(),
    target: z.string().nullable(),
    permission: z.string(),
    quorum: z.int(),
    status: z.enum(gateStatuses),
    expiresAt: time,
    createdAt: z.iso.datetime(),
    closedAt: time,
    project: z.object({ id: z.string(), owner: z.string(), name: z.string() }),
    subject: z.string().openapi({ description: '`#12` of a pipeline, or an environment' }),
    commitTitle: z.string().nullable(),
    requestedBy: z.object({ id: z.string(), name: z.string().nullable() }).nullable(),
    approvals: z.int().openapi({ description: 'How many of `quorum` have approved, and count' }),
    decisions: z.array(
      z.object({
        deciderId: z.string(),
        deciderName: z.string().nullable(),
        decision: z.enum(gateDecisions),
        reason: z.string().nullable(),
        isCounted: z.boolean().openapi({
          description: 'Whether it counts (of a closed gate: counted): while they may decide there',
        }),
        createdAt: z.iso.datetime(),
      }),
    ),
  })
  .openapi('Gate');

export const pipelineDetailBody = pipelineBody
  .extend({
    triggeredByName: z.string().nullable(),
    steps: z.array(stepBody),
    gates: z.array(gateBody),
    definition: z.any().nullable(),
  })
  .openapi('PipelineDetail');

export type PipelineBody = z.output<typeof pipelineBody>;
export type GateBody = z.output<typeof gateBody>;

const iso = (value: Date | null): string | null => value?.toISOString() ?? null;

/** Database rows → answer of the API; a run that has just been asked for has deployed nothing. */
export function toPipelineBody(
  run: ListedPipeline,
  deployments: readonly RunDeployment[] = [],
): PipelineBody {
  return {
    id: run.id,
    number: run.number,
    project: { id: run.project.id, owner: run.project.owner.name, name: run.project.name },
    changeId: run.changeId,
    trigger: run.trigger as PipelineBody['trigger'],
    gitRef: run.gitRef,
    commitSha: run.commitSha,
    commitTitle: run.commitTitle,
    status: run.status as PipelineBody['status'],
    isPaused: run.isPaused,
    isRerun: isRerun(run),
    triggeredBy: run.triggeredBy,
    error: run.error,
    createdAt: run.createdAt.toISOString(),
    startedAt: iso(run.startedAt),
    finishedAt: iso(run.finishedAt),
    deployments: deployments.map((one) => ({
      ...one,
      environment: one.environment as (typeof environments)[number],
    })),
  };
}

/** Database rows → answer of the run page. */
export function toPipelineDetail(
  run: PipelineWithSteps,
  deployments: readonly RunDeployment[],
): z.output<typeof pipelineDetailBody> {
  return {
    ...toPipelineBody(run, deployments),
    triggeredByName: run.triggeredByName,
    steps: run.steps.map((step) => toStepBody(step)),
    gates: run.gates.map((gate) => toGateBody(gate)),
    definition: planOf(run.definition),
  };
}

export function toStepBody(step: PipelineWithSteps['steps'][number]): z.output<typeof stepBody> {
  return {
    id: step.id,
    stepOrder: step.stepOrder,
    name: step.name,
    kind: step.kind as 'command' | 'gate',
    image: step.image,
    commands: step.commands,
    needs: step.needs,
    status: step.status as z.output<typeof stepBody>['status'],
    attempt: step.attempt,
    exitCode: step.exitCode,
    reason: step.reason,
    durationMs: step.durationMs,
    logBytes: Number(step.logBytes),
    logRef: step.logRef,
    startedAt: iso(step.startedAt),
    finishedAt: iso(step.finishedAt),
  };
}

export function toGateBody(gate: DescribedGate): GateBody {
  return {
    id: gate.id,
    step: gate.step,
    subjectType: gate.subjectType,
    subjectId: gate.subjectId,
    projectId: gate.projectId,
    changeId: gate.changeId,
    commitSha: gate.commitSha,
    target: gate.target,
    permission: gate.permission,
    quorum: gate.quorum,
    status: gate.status as GateBody['status'],
    expiresAt: iso(gate.expiresAt),
    createdAt: gate.createdAt.toISOString(),
    closedAt: iso(gate.closedAt),
    project: gate.project,
    subject: gate.subject,
    commitTitle: gate.commitTitle,
    requestedBy:
      gate.requestedBy === null ? null : { id: gate.requestedBy, name: gate.requesterName },
    approvals: gate.approvals,
    decisions: gate.decisions.map((one) => ({
      deciderId: one.deciderId,
      deciderName: one.deciderName,
      decision: one.decision as 'approve',
      reason: one.reason,
      isCounted: one.isCounted,
      createdAt: one.createdAt.toISOString(),
    })),
  };
}
