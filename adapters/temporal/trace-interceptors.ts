import {
  context,
  propagation,
  SpanKind,
  trace,
  type Context as OtelContext,
  type Span,
} from '@opentelemetry/api';
import type { Context as ActivityContext } from '@temporalio/activity';
import type { WorkflowClientInterceptor } from '@temporalio/client';
import { defaultPayloadConverter, type Headers } from '@temporalio/common';
import type { ActivityInterceptors, ActivityInterceptorsFactory } from '@temporalio/worker';
import { traceHeader, type TraceContext } from '../../contracts/trace-context.ts';
import { currentLogFields, withLogFields } from '../telemetry/log-context.ts';
import { inSpan } from '../telemetry/spans.ts';

const tracerName = 'slipway.temporal';

/** What a client hands to the workflow: the current span, and the ids of the request in the log context. */
function tracedHeaders(headers: Headers): Headers {
  const carrier: { traceparent?: string } = {};
  propagation.inject(context.active(), carrier);
  const { request_id: requestId, user_id: userId } = currentLogFields();
  const carried: TraceContext = {
    ...(carrier.traceparent === undefined ? {} : { traceparent: carrier.traceparent }),
    ...(typeof requestId === 'string' ? { requestId } : {}),
    ...(typeof userId === 'string' ? { userId } : {}),
  };
  if (Object.keys(carried).length === 0) return headers;
  return { ...headers, [traceHeader]: defaultPayloadConverter.toPayload(carried) };
}

async function producing<T>(name: string, workflowId: string, work: () => Promise<T>): Promise<T> {
  const attributes = { 'temporal.workflow_id': workflowId };
  return await inSpan(tracerName, name, { kind: SpanKind.PRODUCER, attributes }, work);
}

/** Starts, signals and updates of workflows as spans whose context the workflow carries on. */
export function clientInterceptors(): { workflow: WorkflowClientInterceptor[] } {
  const interceptor: WorkflowClientInterceptor = {
    startWithDetails: (input, next) =>
      producing(`start ${input.workflowType}`, input.options.workflowId, () =>
        next({ ...input, headers: tracedHeaders(input.headers) }),
      ),
    signalWithStart: (input, next) =>
      producing(`start ${input.workflowType}`, input.options.workflowId, () =>
        next({ ...input, headers: tracedHeaders(input.headers) }),
      ),
    signal: (input, next) =>
      producing(`signal ${input.signalName}`, input.workflowExecution.workflowId, () =>
        next({ ...input, headers: tracedHeaders(input.headers) }),
      ),
    startUpdate: (input, next) =>
      producing(`update ${input.updateName}`, input.workflowExecution.workflowId, () =>
        next({ ...input, headers: tracedHeaders(input.headers) }),
      ),
  };
  return { workflow: [interceptor] };
}

/** Runs each activity in a span that continues the workflow's trace, and in a log context with its ids. */
export function workerInterceptors(): { activity: ActivityInterceptorsFactory[] } {
  return { activity: [tracedActivity] };
}

function tracedActivity({ info }: ActivityContext): ActivityInterceptors {
  return {
    inbound: {
      async execute(input, next) {
        const carried = carriedIn(input.headers);
        const attributes = {
          'temporal.workflow_id': info.workflowExecution?.workflowId ?? '',
          'temporal.run_id': info.workflowExecution?.runId ?? '',
          'temporal.attempt': info.attempt,
        };
        return await context.with(
          parentOf(carried),
          async () =>
            await inSpan(
              tracerName,
              info.activityType,
              { kind: SpanKind.CONSUMER, attributes },
              async (span: Span) => {
                const fields = {
                  trace_id: span.spanContext().traceId,
                  ...(carried.requestId === undefined ? {} : { request_id: carried.requestId }),
                  ...(carried.userId === undefined ? {} : { user_id: carried.userId }),
                  workflow_id: info.workflowExecution?.workflowId,
                  activity: info.activityType,
                  attempt: info.attempt,
                  ...idsOf(input.args[0]),
                };
                return await withLogFields(fields, async () => await next(input));
              },
            ),
        );
      },
    },
  };
}

function carriedIn(headers: Headers): TraceContext {
  const payload = headers[traceHeader];
  return payload === undefined ? {} : defaultPayloadConverter.fromPayload<TraceContext>(payload);
}

function parentOf({ traceparent }: TraceContext): OtelContext {
  const clean = trace.deleteSpan(context.active());
  return traceparent === undefined ? clean : propagation.extract(clean, { traceparent });
}

/** Ids in an activity's input that its log lines should have. */
const inputIds: Readonly<Record<string, string>> = {
  pipelineId: 'pipeline_id',
  projectId: 'project_id',
  changeId: 'change_id',
  stepId: 'step_id',
  step: 'step',
  gateId: 'gate_id',
};

function idsOf(input: unknown): Record<string, string> {
  if (typeof input !== 'object' || input === null) return {};
  return Object.fromEntries(
    Object.entries(input).flatMap(([key, value]) => {
      const field = inputIds[key];
      return field !== undefined && typeof value === 'string' ? [[field, value]] : [];
    }),
  );
}
