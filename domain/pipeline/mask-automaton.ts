/**
 * Aho–Corasick automaton over bytes. The first two levels are tables (nearly all bytes of ordinary text are decided
 * there), deeper states keep their children as a linked list, so that a key of several KiB in all its spellings costs
 * a few MiB.
 */
export interface Automaton {
  /** state after `byte` in `state`; the state with the longest match wins */
  step(state: number, byte: number): number;
  /** of each byte whether it begins a pattern: 0 where it does not */
  readonly starts: Int32Array;
  /** how many of the last bytes are the beginning of a pattern */
  depth(state: number): number;
  /** length of the longest pattern that ends here, 0 for none */
  matched(state: number): number;
  /** the same for all that may follow, without what can no longer grow: behind a whole pattern nothing need be held */
  settle(state: number): number;
}

/** A line break inside a match is overlooked once this many bytes have matched: base64 and hex come wrapped. */
const wrapAfter = 8;
const tableDepth = 2;
const newline = 10;
const carriageReturn = 13;

class Trie {
  private size = 1;
  private firstChild: Int32Array = new Int32Array(1024);
  private sibling: Int32Array = new Int32Array(1024);
  private byte: Uint8Array = new Uint8Array(1024);
  private fail: Int32Array = new Int32Array(1024);
  private depths: Int32Array = new Int32Array(1024);
  private outputs: Int32Array = new Int32Array(1024);
  private readonly tables: (Int32Array | undefined)[] = [];

  add(pattern: Buffer): void {
    let state = 0;
    for (const byte of pattern) state = this.child(state, byte) || this.grow(state, byte);
    this.outputs[state] = pattern.length;
  }

  /** Sets failure links breadth first, then fills the tables of the first levels. */
  seal(): void {
    const queue: number[] = [0];
    for (let head = 0; head < queue.length; head++) {
      const parent = queue[head] ?? 0;
      for (
        let state = this.firstChild[parent] ?? 0;
        state !== 0;
        state = this.sibling[state] ?? 0
      ) {
        queue.push(state);
        if (parent !== 0)
          this.fail[state] = this.follow(this.fail[parent] ?? 0, this.byte[state] ?? 0);
        const inherited = this.outputs[this.fail[state] ?? 0] ?? 0;
        if ((this.outputs[state] ?? 0) < inherited) this.outputs[state] = inherited;
      }
    }
    for (const state of queue) {
      if (this.depth(state) >= tableDepth) break;
      const table = new Int32Array(256);
      for (let byte = 0; byte < 256; byte++) table[byte] = this.follow(state, byte);
      this.tables[state] = table;
    }
  }

  get starts(): Int32Array {
    return this.tables[0] ?? new Int32Array(256);
  }

  step(state: number, byte: number): number {
    const table = this.tables[state];
    if (table !== undefined) return table[byte] ?? 0;
    const next = this.follow(state, byte);
    const isBreak = byte === newline || byte === carriageReturn;
    return isBreak && next === 0 && this.depth(state) >= wrapAfter ? state : next;
  }

  depth(state: number): number {
    return this.depths[state] ?? 0;
  }

  matched(state: number): number {
    return this.outputs[state] ?? 0;
  }

  settle(state: number): number {
    let settled = state;
    while (settled !== 0 && this.firstChild[settled] === 0) settled = this.fail[settled] ?? 0;
    return settled;
  }

  private follow(from: number, byte: number): number {
    for (let state = from; ; state = this.fail[state] ?? 0) {
      const next = this.child(state, byte);
      if (next !== 0 || state === 0) return next;
    }
  }

  private child(state: number, byte: number): number {
    let child = this.firstChild[state] ?? 0;
    while (child !== 0 && this.byte[child] !== byte) child = this.sibling[child] ?? 0;
    return child;
  }

  private grow(parent: number, byte: number): number {
    if (this.size === this.byte.length) this.enlarge();
    const state = this.size++;
    this.byte[state] = byte;
    this.depths[state] = this.depth(parent) + 1;
    this.sibling[state] = this.firstChild[parent] ?? 0;
    this.firstChild[parent] = state;
    return state;
  }

  private enlarge(): void {
    const longer = (old: Int32Array): Int32Array => {
      const grown = new Int32Array(old.length * 2);
      grown.set(old);
      return grown;
    };
    this.firstChild = longer(this.firstChild);
    this.sibling = longer(this.sibling);
    this.fail = longer(this.fail);
    this.depths = longer(this.depths);
    this.outputs = longer(this.outputs);
    const bytes = new Uint8Array(this.byte.length * 2);
    bytes.set(this.byte);
    this.byte = bytes;
  }
}

/** Builds the automaton of the given patterns (each at least one byte). */
export function buildAutomaton(patterns: Iterable<Buffer>): Automaton {
  const trie = new Trie();
  for (const pattern of patterns) trie.add(pattern);
  trie.seal();
  return trie;
}
