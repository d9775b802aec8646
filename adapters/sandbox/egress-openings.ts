import { setTimeout as sleep } from 'node:timers/promises';
import { createPace } from './pace.ts';

/** Ports of an address, all of them when none are named. */
export interface Opening {
  address: string;
  ports: readonly number[];
}

/** Opens what names lead to: each opening is a program that is started, so those that are wanted together go together. */
export interface Openings {
  /** Settles when all of them are open; rejects when they are not, as when a step has too many. */
  want(openings: readonly Opening[]): Promise<void>;
  /** For the next step: nothing is open, and what was wanted is not opened any more. Settles when nothing is under way. */
  forget(): Promise<void>;
}

/** More are not opened for one step: names of a stranger may lead to as many as there are. */
const mostOpened = 1024;
/** A step that looks up a few names waits for nothing; a flood of them costs two runs a second. */
const runs = { atOnce: 8, perSecond: 2 } as const;

class Batch {
  readonly openings = new Map<string, Opening>();
  readonly done: Promise<void>;
  #open: () => void = () => undefined;
  #fail: (error: unknown) => void = () => undefined;

  constructor() {
    this.done = new Promise((resolve, reject) => {
      this.#open = resolve;
      this.#fail = reject;
    });
    // Whoever wants something of it hears of a failure.
    this.done.catch(() => undefined);
  }

  drop(): void {
    this.#fail(new Error('the step has ended'));
  }

  /** Settles when it is done, whatever came of it. @returns false when it has failed */
  async run(open: (openings: readonly Opening[]) => Promise<void>): Promise<boolean> {
    try {
      await open([...this.openings.values()]);
      this.#open();
      return true;
    } catch (error) {
      this.#fail(error);
      return false;
    }
  }
}

/** @param open one run of `nft` */
export function createOpenings(open: (openings: readonly Opening[]) => Promise<void>): Openings {
  let pace = createPace(runs);
  /** What is open or will be, by its key. */
  let known = new Map<string, Promise<void>>();
  let next: Batch | null = null;
  let working: Promise<void> = Promise.resolve();

  const run = async (): Promise<void> => {
    // What is wanted while this waits goes along.
    for (let ms = pace.waitMs(); ms > 0 && next !== null; ms = pace.waitMs()) await sleep(ms);
    const batch = next;
    next = null;
    if (batch === null) return;
    pace.take();
    const book = known;
    if (!(await batch.run(open))) for (const key of batch.openings.keys()) book.delete(key);
  };

  const add = (opening: Opening): Promise<void> => {
    const key = `${opening.address} ${opening.ports.join(',')}`;
    const before = known.get(key);
    if (before !== undefined) return before;
    if (known.size >= mostOpened) {
      return Promise.reject(new Error(`more than ${String(mostOpened)} addresses`));
    }
    if (next === null) {
      next = new Batch();
      working = working.then(run);
    }
    next.openings.set(key, opening);
    known.set(key, next.done);
    return next.done;
  };

  return {
    want: async (openings) => {
      await Promise.all(openings.map(add));
    },
    forget: async () => {
      const dropped = next;
      next = null;
      known = new Map();
      pace = createPace(runs);
      dropped?.drop();
      await working;
    },
  };
}
