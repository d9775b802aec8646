import { ApplicationFailure, defaultPayloadConverter, type Headers } from '@temporalio/common';
import {
  log,
  type WorkflowInboundCallsInterceptor,
  type WorkflowInterceptorsFactory,
} from '@temporalio/workflow';
import { hasForeign } from '../../contracts/foreign-payload.ts';
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
      refusingStrangers,
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

const refusingStrangers: WorkflowInboundCallsInterceptor = {
  execute(input, next) {
    if (!hasForeign(input.args)) return next(input);
    return Promise.reject(foreign('what it was started with'));
  },
  // A stranger's words are no words: dropped, so that the workflow goes on as if nobody had called.
  handleSignal(input, next) {
    if (!hasForeign(input.args)) return next(input);
    log.warn('a signal was dropped: this installation did not send it', {
      signal: input.signalName,
    });
    return Promise.resolve();
  },
  handleQuery(input, next) {
    if (hasForeign(input.args)) return Promise.reject(foreign('a query'));
    return next(input);
  },
  validateUpdate(input, next) {
    if (hasForeign(input.args)) throw foreign('an update');
    next(input);
  },
  handleUpdate(input, next) {
    if (hasForeign(input.args)) return Promise.reject(foreign('an update'));
    return next(input);
  },
};

function foreign(what: string): ApplicationFailure {
  const message = `Refused: this installation did not seal ${what}.`;
  return ApplicationFailure.nonRetryable(message, 'forbidden');
}
