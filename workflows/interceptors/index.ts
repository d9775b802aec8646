import { defaultPayloadConverter, type Headers } from '@temporalio/common';
import type { WorkflowInterceptorsFactory } from '@temporalio/workflow';
import { traceHeader, traceIdOf, type TraceContext } from '../../contracts/trace-context.ts';

/**
 * Hands the trace context that a workflow was started with to everything it sets off. No spans are made in here: they
 * would have to survive replay; the start and each activity have theirs, outside the sandbox.
 */
export const interceptors: WorkflowInterceptorsFactory = () => {
  let carried: Headers = {};
  let traceId: string | null = null;
  const withTrace = <T extends { readonly headers: Headers }>(input: T): T => ({
    ...input,
    headers: { ...carried, ...input.headers },
  });
  return {
    inbound: [
      {
        execute(input, next) {
          const payload = input.headers[traceHeader];
          if (payload !== undefined) {
            carried = { [traceHeader]: payload };
            const context: TraceContext = defaultPayloadConverter.fromPayload(payload);
            traceId = traceIdOf(context.traceparent);
          }
          return next(input);
        },
      },
    ],
    outbound: [
      {
        scheduleActivity: (input, next) => next(withTrace(input)),
        scheduleLocalActivity: (input, next) => next(withTrace(input)),
        startChildWorkflowExecution: (input, next) => next(withTrace(input)),
        continueAsNew: (input, next) => next(withTrace(input)),
        signalWorkflow: (input, next) => next(withTrace(input)),
        getLogAttributes: (input, next) =>
          next(traceId === null ? input : { ...input, trace_id: traceId }),
      },
    ],
  };
};
