import { pause } from './pause.ts';

/** Counts the connections and requests that somebody has under way. */
export class InFlight {
  #count = 0;
  #waiting: (() => void)[] = [];

  /** Returns what ends it; calling that twice counts once. */
  begin(): () => void {
    this.#count += 1;
    let open = true;
    return () => {
      if (!open) return;
      open = false;
      this.#count -= 1;
      if (this.#count === 0) for (const go of this.#waiting.splice(0)) go();
    };
  }

  /** Resolves when nothing is under way, or after `limitMs`. */
  async drained(limitMs: number): Promise<void> {
    if (this.#count === 0) return;
    const empty = new AbortController();
    this.#waiting.push(() => empty.abort());
    await pause(limitMs, empty.signal);
  }
}
