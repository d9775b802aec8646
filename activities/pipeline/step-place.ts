import { Context } from '@temporalio/activity';
import { createLimiter, type Limiter } from '../../adapters/git/limiter.ts';
import { waitingBeat } from '../../contracts/pipeline/activities.ts';
import { withHeartbeat } from '../with-heartbeat.ts';

const beatMs = 3000;
const dayMs = 24 * 60 * 60_000;

/** Steps that may wait within a worker. Beyond them they wait in Temporal's queue, first come first served. */
export const mostWaitingSteps = 300;

/**
 * The places for steps of one host: as many for one project as the operator says, and one more that is never all of one
 * project's. Of those who wait the one comes next whose project has the fewest.
 */
export function openStepPlaces(concurrency: number): Limiter {
  return createLimiter({
    running: concurrency + 1,
    shares: { project: concurrency },
    next: 'fewest',
    // The worker takes no more tasks than `mostWaitingSteps`; nobody is turned away here.
    waiting: mostWaitingSteps * 4,
    maxWaitMs: dayMs,
  });
}

/**
 * Waits within the activity until the project has a place; to be called before anything is recorded of the step.
 * @returns gives the place back
 * @throws CancelledFailure when it is cancelled, or the worker ends, meanwhile
 */
export async function waitForPlace(
  { places }: { places: Limiter },
  projectId: string,
): Promise<() => void> {
  const context = Context.current();
  const signal = context.cancellationSignal;
  const began = performance.now();
  const enter = (): Promise<() => void> =>
    places.enter(signal, { project: projectId }).catch((error: unknown) => {
      throw signal.aborted ? signal.reason : error;
    });
  const release = await withHeartbeat(beatMs, enter, waitingBeat);
  // The last beat still tells that it waits.
  if (performance.now() - began >= beatMs) context.heartbeat();
  return release;
}
