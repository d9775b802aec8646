import type { Cancellation } from '../../contracts/git/store.ts';
import { DomainError } from '../../contracts/problems.ts';

export interface LimiterOptions {
  /** how many may run at once */
  running: number;
  /** how many may wait, half of them of one name */
  waiting: number;
  maxWaitMs: number;
  /** how many of those that run may be of one name, by kind (`{ caller: 4 }`); of a kind that is left out: all */
  shares?: Readonly<Record<string, number>>;
  /** who is next: whoever waits longest (default), or whoever of them has the fewest of those that run */
  next?: 'longest' | 'fewest';
}

/** What a turn is counted under, a name of each kind: `{ caller: 'usr_1', repository: 'ann/site.git' }`. */
export type Claims = Readonly<Record<string, string>>;

/** Lets a few in at once and the next ones wait their turn, in order. */
export interface Limiter {
  /**
   * Settles with a release function, safe to call twice.
   * Throws `rate_limited` when too many wait, or when it waited too long; `unavailable` when the caller went away.
   * @param claims a turn one of whose names has its share waits, and others pass it
   */
  enter(signal?: Cancellation, claims?: Claims): Promise<() => void>;
}

/** A name with how many of it may run. */
interface Share {
  key: string;
  most: number;
}

interface Turn {
  shares: readonly Share[];
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
  shares: readonly Share[],
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
    const turn: Turn = { shares, start };
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

function sharesOf({ shares = {} }: LimiterOptions, claims: Claims): Share[] {
  return Object.entries(claims).flatMap(([kind, name]) => {
    const most = shares[kind];
    return most === undefined ? [] : [{ key: `${kind} ${name}`, most }];
  });
}

/** The one whose names have the fewest of those that run; of several the one that waits longest. */
function withFewest(turns: readonly Turn[], held: ReadonlyMap<string, number>): Turn | undefined {
  const heldBy = ({ shares }: Turn): number =>
    Math.max(0, ...shares.map(({ key }) => held.get(key) ?? 0));
  const fewest = Math.min(...turns.map(heldBy));
  return turns.find((turn) => heldBy(turn) === fewest);
}

/** How many of those that wait are of a name. */
function countOf(queue: ReadonlySet<Turn>, name: string): number {
  return [...queue].filter(({ shares }) => shares.some(({ key }) => key === name)).length;
}

/** See {@link Limiter}. */
export function createLimiter(options: LimiterOptions): Limiter {
  let running = 0;
  const held = new Map<string, number>();
  const queue = new Set<Turn>();

  const mayStart = (shares: readonly Share[]): boolean =>
    running < options.running && shares.every(({ key, most }) => (held.get(key) ?? 0) < most);

  function count(shares: readonly Share[], by: 1 | -1): void {
    running += by;
    for (const { key } of shares) {
      const now = (held.get(key) ?? 0) + by;
      if (now === 0) held.delete(key);
      else held.set(key, now);
    }
  }

  function isFull(shares: readonly Share[]): boolean {
    if (queue.size >= options.waiting) return true;
    const most = Math.ceil(options.waiting / 2);
    return queue.size >= most && shares.some(({ key }) => countOf(queue, key) >= most);
  }

  function releaseOnce(shares: readonly Share[]): () => void {
    let released = false;
    return () => {
      if (released) return;
      released = true;
      count(shares, -1);
      // Whoever waits takes the place over, so that nobody can slip in between.
      const next = (): Turn | undefined => {
        const ready = [...queue].filter((turn) => mayStart(turn.shares));
        return options.next === 'fewest' ? withFewest(ready, held) : ready[0];
      };
      for (let turn = next(); turn !== undefined; turn = next()) {
        queue.delete(turn);
        count(turn.shares, 1);
        turn.start();
      }
    };
  }

  return {
    async enter(signal, claims = {}) {
      const shares = sharesOf(options, claims);
      if (mayStart(shares)) count(shares, 1);
      else if (isFull(shares)) throw busy();
      else await waitForTurn(queue, options.maxWaitMs, signal, shares);
      return releaseOnce(shares);
    },
  };
}
