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

interface Waiter {
  start: () => void;
}

/** See {@link Limiter}. */
export function createLimiter(options: LimiterOptions): Limiter {
  let running = 0;
  const queue = new Set<Waiter>();

  function releaseOnce(): () => void {
    let released = false;
    return () => {
      if (released) return;
      released = true;
      running -= 1;
      const [next] = queue;
      if (next !== undefined) {
        queue.delete(next);
        next.start();
      }
    };
  }

  function busy(): DomainError {
    return new DomainError('rate_limited', 'Too many of these run at once; try again shortly.', {
      retryAfterSeconds: 10,
    });
  }

  function wait(signal: Cancellation | undefined): Promise<() => void> {
    return new Promise((resolve, reject) => {
      const leave = (reason: DomainError): void => {
        if (!queue.delete(waiter)) return;
        done();
        reject(reason);
      };
      const onAbort = (): void => {
        leave(new DomainError('unavailable', 'The client went away.'));
      };
      const timer = setTimeout(() => {
        leave(busy());
      }, options.maxWaitMs);
      const done = (): void => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', onAbort);
      };
      const waiter: Waiter = {
        start: () => {
          done();
          running += 1;
          resolve(releaseOnce());
        },
      };
      queue.add(waiter);
      signal?.addEventListener('abort', onAbort);
      if (signal?.aborted === true) onAbort();
    });
  }

  return {
    enter(signal) {
      if (running < options.running) {
        running += 1;
        return Promise.resolve(releaseOnce());
      }
      return queue.size >= options.waiting ? Promise.reject(busy()) : wait(signal);
    },
  };
}
