import { DomainError } from '../../contracts/problems.ts';
import type { Cancellation } from '../../contracts/git/store.ts';

export interface LimiterOptions {
  /** how many may run at once */
  running: number;
  /** how many may wait */
  waiting: number;
  maxWaitMs: number;
}

/** Lets a few in at once and the next ones wait their turn, in order. */
export interface Limiter {
  /**
   * Settles with a release function, safe to call twice.
   * Throws `rate_limited` when too many wait, or when it waited too long; `unavailable` when the caller went away.
   */
  enter(signal?: Cancellation): Promise<() => void>;
}

function busy(): DomainError {
  return new DomainError('rate_limited', 'Too many of these run at once; try again shortly.', {
    retryAfterSeconds: 10,
  });
}

/** Puts a start function into the queue; settles when it is called, when time is up, or when the caller went away. */
function waitForTurn(
  queue: Set<() => void>,
  maxWaitMs: number,
  signal: Cancellation | undefined,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const settle = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
    };
    const start = (): void => {
      settle();
      resolve();
    };
    const leave = (reason: DomainError): void => {
      if (!queue.delete(start)) return;
      settle();
      reject(reason);
    };
    const onAbort = (): void => {
      leave(new DomainError('unavailable', 'The client went away.'));
    };
    const timer = setTimeout(() => {
      leave(busy());
    }, maxWaitMs);
    queue.add(start);
    signal?.addEventListener('abort', onAbort);
    if (signal?.aborted === true) onAbort();
  });
}

/** See {@link Limiter}. */
export function createLimiter(options: LimiterOptions): Limiter {
  let running = 0;
  const queue = new Set<() => void>();

  function releaseOnce(): () => void {
    let released = false;
    return () => {
      if (released) return;
      released = true;
      const [next] = queue;
      // Whoever waits takes the place over, so that nobody can slip in between.
      if (next === undefined) running -= 1;
      else {
        queue.delete(next);
        next();
      }
    };
  }

  return {
    async enter(signal) {
      if (running < options.running) running += 1;
      else if (queue.size >= options.waiting) throw busy();
      else await waitForTurn(queue, options.maxWaitMs, signal);
      return releaseOnce();
    },
  };
}
