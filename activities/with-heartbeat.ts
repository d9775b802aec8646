import { Context } from '@temporalio/activity';

/**
 * Does the work of an activity and heartbeats meanwhile, from the first moment, so that one whose worker was lost is
 * retried within its heartbeat timeout.
 * @param everyMs well below that timeout
 * @param what is told with each beat
 */
export async function withHeartbeat<T>(
  everyMs: number,
  work: () => Promise<T>,
  what?: string,
): Promise<T> {
  const context = Context.current();
  const timer = setInterval(() => {
    context.heartbeat(what);
  }, everyMs);
  try {
    return await work();
  } finally {
    clearInterval(timer);
  }
}
