const WINDOW_MS = 1000;

/** Keeps each key (a deployment) under a rate: never more than `limit` starts within any one second. */
export class Pacer {
  readonly #limit: number;
  /** times of the latest starts by key, oldest first, at most `limit` each */
  readonly #starts = new Map<string, number[]>();

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Milliseconds to wait before the next start of `key`, which is counted by asking. `now` never goes back. */
  reserve(key: string, now: number): number {
    if (this.#starts.size > 5000) this.#forget(now);
    const starts = this.#starts.get(key) ?? [];
    const oldest = starts.length < this.#limit ? -Infinity : (starts.shift() ?? -Infinity);
    const start = Math.max(now, oldest + WINDOW_MS, starts.at(-1) ?? -Infinity);
    starts.push(start);
    this.#starts.set(key, starts);
    return start - now;
  }

  #forget(now: number): void {
    for (const [key, starts] of this.#starts) {
      if ((starts.at(-1) ?? 0) < now - WINDOW_MS) this.#starts.delete(key);
    }
  }
}
