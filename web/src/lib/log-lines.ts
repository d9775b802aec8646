import { parseAnsiLine, plainStyle, stripAnsi } from './ansi.ts';
import type { AnsiStyle } from './ansi.ts';

/** A group of lines that can be folded: `::group::name` … `::endgroup::`. Indices of lines, end exclusive. */
export interface LogGroup {
  title: string;
  start: number;
  end: number | null;
}

/** Where in the whole log what is known of it first stands, as the server says. */
export interface LogPlace {
  /** byte offset at which it begins */
  start: number;
  /** lines before it */
  line: number;
  /** lines of the whole log */
  lines: number;
}

/** Something that writes lines, one after the other. */
interface Writer {
  /** the next line that it begins */
  at: number;
  /** the line before that has no end yet */
  isOpen: boolean;
  /** byte offset after the last byte taken */
  offset: number;
}

/**
 * The output of one step as lines, fed in pieces at byte offsets. A piece that was seen already (a follower that
 * resumed) adds nothing; a line is complete when its newline came, the rest is shown as the last, open line.
 *
 * It may begin in the middle (`begin`): then the lines before and behind are blank until they come, each in its place,
 * and groups are known when nothing is missing before what is there.
 */
export class LogLines {
  readonly lines: string[] = [];
  readonly groups: LogGroup[] = [];
  /** longest line in characters, for the width of the scroll area */
  longest = 0;
  /** writes on from where it began */
  private readonly tail: Writer = { at: 0, isOpen: false, offset: 0 };
  /** writes from the first line to where the tail began */
  private readonly head: Writer = { at: 0, isOpen: false, offset: 0 };
  private first: { line: number; offset: number } | null = null;
  private readonly styles = new Map<number, AnsiStyle>();
  private style: AnsiStyle = plainStyle;
  private readonly platform = new Set<number>();

  /** byte offset after the last byte taken */
  get offset(): number {
    return this.tail.offset;
  }

  /** Nothing is missing before what is there. */
  get isFilled(): boolean {
    return this.first === null;
  }

  /** Begins at another place than the first line; before anything was taken. */
  begin({ start, line, lines }: LogPlace): void {
    while (this.lines.length < lines) this.lines.push('');
    Object.assign(this.tail, { at: line, offset: start });
    this.first = start === 0 ? null : { line, offset: start };
  }

  /** Whether a line was taken, and is not just known to be there. */
  isLoaded(index: number): boolean {
    if (index >= this.tail.at) return false;
    return this.first === null || index >= this.first.line || index < this.head.at;
  }

  /** Whether a line is loaded and nothing more will be written into it. */
  isSettled(index: number): boolean {
    const isOpenIn = ({ isOpen, at }: Writer): boolean => isOpen && index === at - 1;
    return this.isLoaded(index) && !isOpenIn(this.tail) && !isOpenIn(this.head);
  }

  /**
   * Takes `text` that starts at byte `offset`. Answers how many lines were added.
   * @param by whose words they are, as the server says beside the text
   */
  append(offset: number, text: string, by: 'platform' | 'step' = 'step'): number {
    const before = this.tail.at;
    this.write(this.tail, offset, text, by);
    return this.tail.at - before;
  }

  /** Takes `text` of what stands before the place that it began at. */
  fill(offset: number, text: string, by: 'platform' | 'step'): void {
    if (this.first === null) return;
    // the server's pieces may reach into what is there already
    const room = this.first.offset - offset;
    if (room <= 0) return;
    const bytes = encoder.encode(text);
    const own = bytes.length > room ? decoder.decode(bytes.subarray(0, room)) : text;
    this.write(this.head, offset, own, by);
    if (this.head.offset < this.first.offset) return;
    this.first = null;
    this.readAgain();
  }

  /** All of it came: the server may have counted a line that was not complete then. */
  end(): void {
    this.lines.length = this.tail.at;
  }

  /** Whether the platform itself wrote a line. Nothing that a step prints makes one. */
  isPlatform(index: number): boolean {
    return this.platform.has(index);
  }

  /** Style in force at the start of a line. What a step left on does not reach the platform's lines. */
  styleAt(index: number): AnsiStyle {
    if (this.platform.has(index)) return plainStyle;
    return this.styles.get(index) ?? plainStyle;
  }

  /** Plain text of a line. */
  textAt(index: number): string {
    return stripAnsi(this.lines[index] ?? '');
  }

  /** Indices of all lines that contain `needle`, letters of either case. */
  search(needle: string): number[] {
    const wanted = needle.toLowerCase();
    if (wanted === '') return [];
    const found: number[] = [];
    for (let i = 0; i < this.lines.length; i += 1) {
      if (this.textAt(i).toLowerCase().includes(wanted)) found.push(i);
    }
    return found;
  }

  private write(writer: Writer, offset: number, text: string, by: 'platform' | 'step'): void {
    let fresh = text;
    const bytes = byteLength(text);
    if (offset + bytes <= writer.offset) return;
    if (offset < writer.offset) fresh = dropBytes(text, writer.offset - offset);
    writer.offset = offset + bytes;
    const parts = fresh.split('\n');
    parts.forEach((part, index) => {
      this.take(writer, part, index < parts.length - 1, by === 'platform');
    });
  }

  private take(writer: Writer, part: string, complete: boolean, isPlatform: boolean): void {
    if (part === '' && !complete) return;
    const index = writer.isOpen ? writer.at - 1 : writer.at;
    const line = writer.isOpen ? (this.lines[index] ?? '') + part : part;
    this.lines[index] = line;
    if (!writer.isOpen) {
      writer.at += 1;
      if (isPlatform) this.platform.add(index);
      if (writer === this.tail) this.beginLine(index);
    }
    this.longest = Math.max(this.longest, line.length);
    writer.isOpen = !complete;
    if (complete && writer === this.tail) this.close(index, line);
  }

  /** Styles and groups of all lines, now that what stands before them is known. */
  private readAgain(): void {
    this.styles.clear();
    this.groups.length = 0;
    this.style = plainStyle;
    const { at, isOpen } = this.tail;
    for (let index = 0; index < at; index += 1) {
      this.beginLine(index);
      if (index < at - 1 || !isOpen) this.close(index, this.lines[index] ?? '');
    }
  }

  private beginLine(index: number): void {
    if (this.platform.has(index)) {
      // no group of a step folds away what the platform says
      for (const group of this.groups) group.end ??= index;
    } else if (this.style !== plainStyle) this.styles.set(index, this.style);
  }

  private close(index: number, line: string): void {
    if (this.platform.has(index)) return;
    if (line.includes('\u001b')) {
      const { end } = parseAnsiLine(line, this.style);
      this.style = JSON.stringify(end) === JSON.stringify(plainStyle) ? plainStyle : end;
    }
    if (this.first !== null) return;
    if (line.startsWith('::group::')) {
      this.groups.push({ title: line.slice(9).trimEnd(), start: index, end: null });
    } else if (line.startsWith('::endgroup::')) {
      const group = this.groups.findLast((each) => each.end === null);
      if (group) group.end = index + 1;
    }
  }
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();

function byteLength(text: string): number {
  return encoder.encode(text).length;
}

function dropBytes(text: string, count: number): string {
  return decoder.decode(encoder.encode(text).subarray(count));
}
