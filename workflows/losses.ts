import {
  ActivityFailure,
  ApplicationFailure,
  CancellationScope,
  patched,
  TimeoutFailure,
} from '@temporalio/workflow';

/** Losses of one input, one after the other, after which it is refused. */
const MAX_LOSSES = 3;
/** Losses while it only waited for its turn: a worker that others kill again and again is no fault of it, within reason. */
const MAX_WAITING_LOSSES = 20;
/** Whoever worked for longer than this before it was lost was not killed by what it was given. */
const QUICK_MS = 10 * 60_000;

/**
 * For the retry policy of what works on an input of strangers: a worker that is lost over it, or does not come to an end,
 * is no reason to hand the same input to the next worker without end. The workflow counts, see `lostThrice`.
 */
export const countedLosses = {
  nonRetryableErrorTypes: ['TemporalTimeout:Heartbeat', 'TemporalTimeout:StartToClose'],
};

interface LossOptions {
  beforeAgain?: () => Promise<void>;
  waitingBeat?: string;
  whereLost?: () => Promise<string | null>;
}

/** The type of the failure that says so. */
const refusal = 'timed_out';

/**
 * Does the work of an activity; one whose worker is lost is begun again, but not after the third time in a row.
 * @param doing what is said of it: `the rollout was planned`
 * @param waitingBeat what its beats tell while it waits for its turn: such a loss counts apart
 * @param whereLost of work with several parts: says which one was at work, null where none was, which counts as waiting.
 * Losses over another part begin to be counted anew
 * @param beforeAgain looks whether it is still wanted; what it throws ends the work
 * @throws ApplicationFailure `timed_out` after the third loss
 */
export async function lostThrice<T>(
  doing: string,
  work: () => Promise<T>,
  { beforeAgain, waitingBeat, whereLost }: LossOptions = {},
): Promise<T> {
  let losses = 0;
  let waitingLosses = 0;
  let lastPart: string | null = null;
  for (;;) {
    const begun = Date.now();
    try {
      return await work();
    } catch (error) {
      // What was cancelled and lost meanwhile has ended: nobody waits for another try.
      const isOver = CancellationScope.current().consideredCancelled;
      if (!isLoss(error) || isOver || !patched('losses-are-counted')) throw error;
      const part = await whereLost?.();
      const hasWaited =
        (waitingBeat !== undefined && lastBeatOf(error) === waitingBeat) || part === null;
      if (hasWaited && waitingLosses < MAX_WAITING_LOSSES) {
        waitingLosses += 1;
        continue;
      }
      if (part !== undefined && part !== lastPart) losses = 0;
      lastPart = part ?? null;
      losses = Date.now() - begun > QUICK_MS ? 1 : losses + 1;
      if (losses >= MAX_LOSSES) {
        const message = `the worker was lost ${String(MAX_LOSSES)} times in a row while ${doing}: it is not tried again by itself`;
        throw ApplicationFailure.nonRetryable(message, refusal);
      }
      await beforeAgain?.();
    }
  }
}

/** Whether an activity ended because its worker was lost, or never came to an end. */
export function isLoss(error: unknown): boolean {
  const cause = error instanceof ActivityFailure ? error.cause : undefined;
  if (!(cause instanceof TimeoutFailure)) return false;
  return cause.timeoutType === 'HEARTBEAT' || cause.timeoutType === 'START_TO_CLOSE';
}

function lastBeatOf(error: unknown): unknown {
  const cause = error instanceof ActivityFailure ? error.cause : undefined;
  return cause instanceof TimeoutFailure ? cause.lastHeartbeatDetails : undefined;
}

/** Whether it was refused for its losses. */
export function isLostThrice(error: unknown): error is ApplicationFailure {
  return error instanceof ApplicationFailure && error.type === refusal;
}
