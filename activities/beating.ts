import { Context } from '@temporalio/activity';

/**
 * Does the work of an activity and beats meanwhile, from the first moment, so that one whose worker was lost is begun
 * again within its heartbeat timeout.
 * @param everyMs well below that timeout
 */
export async function whileBeating<T>(everyMs: number, work: () => Promise<T>): Promise<T> {
  const context = Context.current();
  const beating = setInterval(() => {
    context.heartbeat();
  }, everyMs);
  try {
    return await work();
  } finally {
    clearInterval(beating);
  }
}
