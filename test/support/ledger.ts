import { randomInt } from 'node:crypto';

/** What a fault run ended with. Rules: field notes on faults, harness rules 1 to 4. */
export interface LedgerVerdict {
  /** acknowledged, and not stored */
  lost: string[];
  /** stored more than once */
  doubled: string[];
  /** stored, and never asked for */
  unasked: string[];
}

/** mulberry32: small, good enough for choosing moments, and the same on every machine. */
function generator(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/**
 * A client's own book of what it asked for and what was acknowledged, kept apart from the system under test.
 * The seed of its random choices is printed; SLIPWAY_FAULT_SEED repeats a run.
 */
export class Ledger {
  readonly seed: number;
  readonly faults = new Map<string, number>();
  private readonly next: () => number;
  private readonly asked = new Set<string>();
  private readonly acknowledged = new Set<string>();

  constructor(name: string) {
    this.seed = Number(process.env['SLIPWAY_FAULT_SEED'] ?? randomInt(1, 2 ** 31));
    this.next = generator(this.seed);
    process.stderr.write(`${name}: seed ${this.seed}\n`);
  }

  /** From 0 to 1, without 1. */
  random(): number {
    return this.next();
  }

  /** A whole number from `min` to `max`. */
  between(min: number, max: number): number {
    return min + Math.floor(this.next() * (max - min + 1));
  }

  /** Notes a request before it is sent. */
  ask(key: string): void {
    this.asked.add(key);
  }

  /** Notes an answer that said: done. */
  acknowledge(key: string): void {
    this.acknowledged.add(key);
  }

  /** Counts a fault that was seen to happen. */
  fault(kind: string): void {
    this.faults.set(kind, (this.faults.get(kind) ?? 0) + 1);
  }

  /** how many different things were asked for */
  get requests(): number {
    return this.asked.size;
  }

  get acknowledgements(): number {
    return this.acknowledged.size;
  }

  get faultCount(): number {
    return [...this.faults.values()].reduce((sum, count) => sum + count, 0);
  }

  /** Compares the book with what is stored: acknowledged ⊆ stored, each once, nothing that nobody asked for. */
  check(stored: Iterable<string>): LedgerVerdict {
    const seen = new Map<string, number>();
    for (const key of stored) seen.set(key, (seen.get(key) ?? 0) + 1);
    return {
      lost: [...this.acknowledged].filter((key) => !seen.has(key)),
      doubled: [...seen].filter(([, count]) => count > 1).map(([key]) => key),
      unasked: [...seen.keys()].filter((key) => !this.asked.has(key)),
    };
  }
}

/** How hard a fault test tries: 1 on each commit, more at night (SLIPWAY_FAULT_SCALE). */
export function faultScale(): number {
  return Math.max(1, Number(process.env['SLIPWAY_FAULT_SCALE'] ?? 1));
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
