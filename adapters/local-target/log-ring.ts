/** Keeps the last bytes of an output, as whole lines where that is possible. */
export class LogRing {
  readonly #limit: number;
  #chunks: Buffer[] = [];
  #held = 0;
  #cut = false;

  /** @param limit bytes */
  constructor(limit: number) {
    this.#limit = limit;
  }

  write(chunk: Buffer): void {
    if (chunk.length === 0) return;
    this.#chunks.push(chunk);
    this.#held += chunk.length;
    while (this.#held > this.#limit) {
      const first = this.#chunks.shift() ?? Buffer.alloc(0);
      const over = Math.min(first.length, this.#held - this.#limit);
      this.#held -= over;
      this.#cut = true;
      if (over < first.length) this.#chunks.unshift(first.subarray(over));
    }
  }

  /** The text that is held; begins with a whole line when earlier bytes were dropped. */
  text(): string {
    const all = Buffer.concat(this.#chunks);
    const start = this.#cut ? all.indexOf(10) + 1 : 0;
    return all.subarray(start).toString('utf8');
  }
}
