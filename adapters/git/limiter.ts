import type { Cancellation } from '../../contracts/git/store.ts';
import { DomainError } from '../../contracts/problems.ts';

export interface LimiterOptions {
  /** how many may run at once */
  running: number;
  /** how many may wait, half of them one caller's */
  waiting: number;
  maxWaitMs: number;
  /** how many of those that run may be one caller's; default all */
  share?: number;
  /** who is next: whoever waits longest (default), or whoever of them has the fewest of those that run */
  next?: 'longest' | 'fewest';
}

/** Lets a few in at once and the next ones wait their turn, in order. */
export interface Limiter {
  /**
   * Settles with a release function, safe to call twice.
   * Throws `rate_limited` when too many wait, or when it waited too long; `unavailable` when the caller went away.
   * @param whose turn it is; who has their share waits, and others pass them. Without it nobody's share is counted
   */
  enter(signal?: Cancellation, whose?: string): Promise<() => void>;
}

interface Turn {
  whose: string | undefined;
  start: () => void;
}

function busy(): DomainError {
  return new DomainError('rate_limited', 'Too many of these run at once; try again shortly.', {
    retryAfterSeconds: 10,
  });
}

/** Puts a turn into the queue; settles when it is started, when time is up, or when the caller went away. */
function waitForTurn(
  queue: Set<Turn>,
  maxWaitMs: number,
  signal: Cancellation | undefined,
  whose: string | undefined,
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
    const turn: Turn = { whose, start };
    const leave = (reason: DomainError): void => {
      if (!queue.delete(turn)) return;
      settle();
      reject(reason);
    };
    const onAbort = (): void => {
      leave(new DomainError('unavailable', 'The client went away.'));
    };
    const timer = setTimeout(() => {
      leave(busy());
    }, maxWaitMs);
    queue.add(turn);
    signal?.addEventListener('abort', onAbort);
    if (signal?.aborted === true) onAbort();
  });
}

/** The one whose caller has the fewest of those that run; of several the one that waits longest. */
function withFewest(turns: readonly Turn[], held: ReadonlyMap<string, number>): Turn | undefined {
  const heldBy = ({ whose }: Turn): number => (whose === undefined ? 0 : (held.get(whose) ?? 0));
  const fewest = Math.min(...turns.map(heldBy));
  return turns.find((turn) => heldBy(turn) === fewest);
}

/** See {@link Limiter}. */
export function createLimiter(options: LimiterOptions): Limiter {
  const { share = options.running } = options;
  let running = 0;
  const held = new Map<string, number>();
  const queue = new Set<Turn>();

  const mayStart = (whose: string | undefined): boolean =>
    running < options.running && (whose === undefined || (held.get(whose) ?? 0) < share);

  function count(whose: string | undefined, by: 1 | -1): void {
    running += by;
    if (whose === undefined) return;
    const now = (held.get(whose) ?? 0) + by;
    if (now === 0) held.delete(whose);
    else held.set(whose, now);
  }

  function isFull(whose: string | undefined): boolean {
    if (queue.size >= options.waiting) return true;
    if (whose === undefined) return false;
    const own = [...queue].filter((turn) => turn.whose === whose).length;
    return own >= Math.ceil(options.waiting / 2);
  }

  function releaseOnce(whose: string | undefined): () => void {
    let released = false;
    return () => {
      if (released) return;
      released = true;
      count(whose, -1);
      // Whoever waits takes the place over, so that nobody can slip in between.
      const next = (): Turn | undefined => {
        const ready = [...queue].filter((turn) => mayStart(turn.whose));
        return options.next === 'fewest' ? withFewest(ready, held) : ready[0];
      };
      for (let turn = next(); turn !== undefined; turn = next()) {
        queue.delete(turn);
        count(turn.whose, 1);
        turn.start();
      }
    };
  }

  return {
    async enter(signal, whose) {
      if (mayStart(whose)) count(whose, 1);
      else if (isFull(whose)) throw busy();
      else await waitForTurn(queue, options.maxWaitMs, signal, whose);
      return releaseOnce(whose);
    },
  };
}
