import type { WorkflowClientInterceptor } from '@temporalio/client';

/**
 * Has the first task of a workflow that this process starts handed to the worker beside it with the answer, instead of by
 * way of its queue. Of a client on the connection of that worker; where it has no place free, Temporal goes the usual way.
 * @param types of workflows for whose first step people wait
 */
export function startEagerly(types: readonly string[]): WorkflowClientInterceptor {
  return {
    startWithDetails: (input, next) => {
      if (!types.includes(input.workflowType)) return next(input);
      return next({ ...input, options: { ...input.options, requestEagerStart: true } });
    },
  };
}
