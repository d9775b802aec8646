import { buildAutomaton, type Automaton } from './mask-automaton.ts';
import { formsOfSecret } from './mask-forms.ts';

export interface Masker {
  /** Masks what came; holds back only bytes that may be the beginning of a secret. */
  push(chunk: Buffer): Buffer;
  /** Gives what was held back. The masker can be used for a new stream afterwards. */
  end(): Buffer;
  /** Masks a whole text on its own: a file name, the text of an error. Does not touch the stream. */
  text(value: string): string;
}

const mask = Buffer.from('***');
/** A wrap is one line break, of two bytes at most: what is held back for one must have a bound. */
const longestWrap = 2;

/**
 * Masks secrets in a byte stream by `***`, in every spelling of `formsOfSecret` and across chunk edges. What comes out
 * does not depend on where the chunks were cut: all matches are covered, those that overlap by one mask.
 * Values under 4 bytes are not masked. The bytes that come in must not hold NUL between the letters of a secret
 * (see cleanText in log-text.ts).
 */
export function createMasker(values: readonly string[]): Masker {
  const patterns = values.flatMap(formsOfSecret);
  if (patterns.length === 0) {
    return { push: (chunk) => chunk, end: () => Buffer.alloc(0), text: (value) => value };
  }
  const automaton = buildAutomaton(patterns);
  let stream = new MaskedStream(automaton);
  return {
    push: (chunk) => stream.push(chunk),
    end() {
      const rest = stream.end();
      stream = new MaskedStream(automaton);
      return rest;
    },
    text(value) {
      const whole = new MaskedStream(automaton);
      const head = whole.push(Buffer.from(value.replaceAll('\0', ''), 'utf8'));
      return Buffer.concat([head, whole.end()]).toString('utf8');
    },
  };
}

/** `[from, to)` in offsets of the input stream. */
interface Span {
  from: number;
  to: number;
}

class MaskedStream {
  private readonly automaton: Automaton;
  private state = 0;
  /** line breaks that were overlooked since the last byte of a match */
  private breaks = 0;
  /** bytes that came and were not given out yet; the first has offset `heldFrom` */
  private held: Buffer = Buffer.alloc(0);
  private heldFrom = 0;
  /** offsets of the last bytes that the automaton took (not the line breaks it overlooked), newest last */
  private taken: number[] = [];
  private readonly spans: Span[] = [];
  /** the mask of the first span was written already, its end may still move */
  private isOpen = false;

  constructor(automaton: Automaton) {
    this.automaton = automaton;
  }

  push(chunk: Buffer): Buffer {
    const base = this.heldFrom + this.held.length;
    const { starts } = this.automaton;
    for (let index = 0; index < chunk.length; index++) {
      const byte = chunk[index] ?? 0;
      // Most bytes of most output: nothing has begun, and nothing begins here.
      if (this.state === 0 && starts[byte] === 0) continue;
      this.take(byte, base + index);
    }
    this.held = this.held.length === 0 ? chunk : Buffer.concat([this.held, chunk]);
    const depth = this.automaton.depth(this.state);
    const end = base + chunk.length;
    if (depth === 0) {
      this.taken = [];
      return this.release(end);
    }
    this.taken = this.taken.slice(-depth);
    return this.release(this.taken[0] ?? end);
  }

  end(): Buffer {
    this.state = 0;
    return this.release(this.heldFrom + this.held.length);
  }

  private take(byte: number, offset: number): void {
    const before = this.state;
    this.state = this.automaton.step(before, byte);
    // a line break that leaves the state as it was is overlooked: it belongs to no match
    if (this.state === before && this.state !== 0 && (byte === 10 || byte === 13)) {
      this.breaks += 1;
      if (this.breaks <= longestWrap) return;
      this.state = 0;
    }
    this.breaks = 0;
    this.taken.push(offset);
    const length = this.automaton.matched(this.state);
    if (length > 0) this.cover(this.taken[this.taken.length - length] ?? offset, offset + 1);
    this.state = this.automaton.settle(this.state);
    if (this.state === 0) this.taken.length = 0;
  }

  private cover(from: number, to: number): void {
    let start = from;
    for (
      let last = this.spans.at(-1);
      last !== undefined && last.to > start;
      last = this.spans.at(-1)
    ) {
      start = Math.min(start, last.from);
      this.spans.pop();
    }
    this.spans.push({ from: start, to });
  }

  /** Gives out everything before `until`, with the mask in place of each span. */
  private release(until: number): Buffer {
    const parts: Buffer[] = [];
    let at = this.heldFrom;
    while (at < until) {
      const span = this.spans[0];
      if (span === undefined || span.from >= until) {
        parts.push(this.slice(at, until));
        at = until;
        break;
      }
      if (span.from > at) parts.push(this.slice(at, span.from));
      if (!this.isOpen) parts.push(mask);
      this.isOpen = span.to > until;
      at = Math.min(span.to, until);
      if (!this.isOpen) this.spans.shift();
    }
    this.held = this.held.subarray(until - this.heldFrom);
    this.heldFrom = until;
    return parts.length === 1 && parts[0] !== undefined ? parts[0] : Buffer.concat(parts);
  }

  private slice(from: number, to: number): Buffer {
    return this.held.subarray(from - this.heldFrom, to - this.heldFrom);
  }
}
