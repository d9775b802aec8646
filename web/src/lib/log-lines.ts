import { parseAnsiLine, plainStyle, stripAnsi } from './ansi.ts';
import type { AnsiStyle } from './ansi.ts';

/** A group of lines that can be folded: `::group::name` … `::endgroup::`. Indices of lines, end exclusive. */
export interface LogGroup {
  title: string;
  start: number;
  end: number | null;
}

const failure =
  /(^|[\s[(])(error|fatal|panic|exception|traceback|failed|failure|FAIL|not ok|✗|✖|✕)([\s:!\]),.]|$)/i;
const harmless = /\b(0|no) (errors?|failed|failures?)\b|(errors?|failed|failures?|fail)[:=]? 0\b/i;

/**
 * The output of one step as lines, fed in pieces at byte offsets. A piece that was seen already (a follower that
 * resumed) adds nothing; a line is complete when its newline came, the rest is shown as the last, open line.
 */
export class LogLines {
  readonly lines: string[] = [];
  readonly groups: LogGroup[] = [];
  /** byte offset after the last byte taken */
  offset = 0;
  /** longest line in characters, for the width of the scroll area */
  longest = 0;
  private open = false;
  private readonly styles = new Map<number, AnsiStyle>();
  private style: AnsiStyle = plainStyle;
  private readonly platform = new Set<number>();

  /**
   * Takes `text` that starts at byte `offset`. Answers how many lines were added.
   * @param by whose words they are, as the server says beside the text
   */
  append(offset: number, text: string, by: 'platform' | 'step' = 'step'): number {
    let fresh = text;
    const bytes = byteLength(text);
    if (offset + bytes <= this.offset) return 0;
    if (offset < this.offset) fresh = dropBytes(text, this.offset - offset);
    this.offset = offset + bytes;
    const before = this.lines.length;
    const parts = fresh.split('\n');
    parts.forEach((part, index) => {
      this.take(part, index < parts.length - 1, by === 'platform');
    });
    return this.lines.length - before;
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

  /** Index of the line that first tells of a failure, or -1. */
  firstFailure(): number {
    for (let i = 0; i < this.lines.length; i += 1) {
      const text = this.textAt(i);
      if (failure.test(text) && !harmless.test(text)) return i;
    }
    return -1;
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

  private take(part: string, complete: boolean, isPlatform: boolean): void {
    if (part === '' && !complete) return;
    const last = this.lines.length - 1;
    const line = this.open && last >= 0 ? (this.lines[last] ?? '') + part : part;
    if (this.open && last >= 0) this.lines[last] = line;
    else {
      if (isPlatform) this.beginPlatformLine(this.lines.length);
      else if (this.style !== plainStyle) this.styles.set(this.lines.length, this.style);
      this.lines.push(line);
    }
    this.longest = Math.max(this.longest, line.length);
    this.open = !complete;
    if (complete) this.close(this.lines.length - 1, line);
  }

  /** No group of a step folds it away. */
  private beginPlatformLine(index: number): void {
    this.platform.add(index);
    for (const group of this.groups) group.end ??= index;
  }

  private close(index: number, line: string): void {
    if (this.platform.has(index)) return;
    if (line.includes('\u001b')) {
      const { end } = parseAnsiLine(line, this.style);
      this.style = JSON.stringify(end) === JSON.stringify(plainStyle) ? plainStyle : end;
    }
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
