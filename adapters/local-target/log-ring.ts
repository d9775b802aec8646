const leastCapacity = 4096;

/** Keeps the last bytes of an output, as whole lines where that is possible. */
export class LogRing {
  readonly #limit: number;
  /** One for all: an application may write byte by byte, and each piece of its own would cost many times what it holds. */
  #bytes = Buffer.alloc(0);
  #length = 0;
  #cut = false;

  /** @param limit bytes */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** bytes of memory that it takes */
  get capacity(): number {
    return this.#bytes.length;
  }

  write(chunk: Buffer): void {
    const kept = chunk.subarray(Math.max(0, chunk.length - this.#limit));
    if (kept.length < chunk.length || this.#length + kept.length > this.#limit) this.#cut = true;
    this.#makeRoom(kept.length);
    kept.copy(this.#bytes, this.#length);
    this.#length += kept.length;
  }

  /** The text that is held; begins with a whole line when earlier bytes were dropped. */
  text(): string {
    const all = this.#bytes.subarray(Math.max(0, this.#length - this.#limit), this.#length);
    const start = this.#cut ? all.indexOf(10) + 1 : 0;
    return all.subarray(start).toString('utf8');
  }

  /** Grows up to twice the limit; then what is too old goes, which is rare, for the room it leaves is large. */
  #makeRoom(more: number): void {
    const wanted = this.#length + more;
    if (wanted <= this.#bytes.length) return;
    const most = 2 * this.#limit;
    if (wanted <= most) {
      const size = Math.min(most, Math.max(leastCapacity, 2 * this.#bytes.length, wanted));
      const grown = Buffer.alloc(size);
      this.#bytes.copy(grown, 0, 0, this.#length);
      this.#bytes = grown;
      return;
    }
    const left = Math.min(this.#length, this.#limit - more);
    this.#bytes.copyWithin(0, this.#length - left, this.#length);
    this.#length = left;
  }
}
