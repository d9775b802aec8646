/**
 * Text of strangers where a terminal or a log of ours shows it. A control character there moves the cursor, hides what
 * stands before, or answers in the user's name; one that changes the direction of writing shows another text than is there.
 */

// by number, so that this file holds no such character itself
const range = (from: number, to: number): string =>
  `${String.fromCharCode(from)}-${String.fromCharCode(to)}`;

/** Characters that change the direction of writing (Trojan Source, CVE-2021-42574). */
export const directions = `${String.fromCharCode(0x61c)}${range(0x200e, 0x200f)}${range(0x202a, 0x202e)}${range(0x2066, 0x2069)}`;
const direction = new RegExp(`[${directions}]`, 'u');
/** What is neither shown as it is nor one of tab and newline. */
const special = new RegExp(
  `[${range(0, 8)}${range(0xb, 0x1f)}${range(0x7f, 0x9f)}${directions}]`,
  'u',
);

/** A character by its number: `\u{202e}`. */
function codeOf(character: string): string {
  return `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`;
}

/** One line with everything invisible in it spelled out, line ends too: for messages with names of others in them. */
export function visibleLine(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Co}\p{Cn}]/gu, codeOf);
}

type State = 'text' | 'escape' | 'csi' | 'string' | 'stringEscape';

const bell = 7;
const escape = 0x1b;
const newline = 0xa;
const carriageReturn = 0xd;
const csi = 0x9b;
/** C1 characters that begin a string for the terminal: DCS, SOS, OSC, PM, APC; and their forms behind ESC */
const stringStarts = new Set([0x90, 0x98, 0x9d, 0x9e, 0x9f]);
const stringLetters = new Set(['P', 'X', ']', '^', '_'].map((letter) => letter.charCodeAt(0)));

/**
 * Takes what only a terminal understands out of text that comes in pieces: escape sequences whole, also when they are cut,
 * and every control character but tab and newline. A carriage return ends a line; directions of writing are spelled out.
 * No sequence reaches beyond its line, so that none swallows what comes after it.
 */
export class PlainText {
  private state: State = 'text';
  private isReturned = false;

  /** The plain form of a piece; what is not complete yet is dropped or comes with the next. */
  push(piece: string): string {
    if (this.state === 'text' && !this.isReturned && !special.test(piece)) return piece;
    let plain = '';
    for (const character of piece) plain += this.take(character, character.codePointAt(0) ?? 0);
    return plain;
  }

  private take(character: string, code: number): string {
    const wasReturned = this.isReturned;
    this.isReturned = false;
    if (code === newline) {
      this.state = 'text';
      return wasReturned ? '' : '\n';
    }
    if (this.state === 'text') return this.takeText(character, code);
    this.state = after(this.state, code);
    return '';
  }

  private takeText(character: string, code: number): string {
    if (code === carriageReturn) {
      this.isReturned = true;
      return '\n';
    }
    if (code === escape) this.state = 'escape';
    else if (code === csi) this.state = 'csi';
    else if (stringStarts.has(code)) this.state = 'string';
    if (this.state !== 'text' || isControl(code)) return '';
    return direction.test(character) ? codeOf(character) : character;
  }
}

const isControl = (code: number): boolean =>
  (code < 0x20 && code !== 9) || (code >= 0x7f && code <= 0x9f);

/** What follows within an escape sequence (ECMA-48). */
function after(state: Exclude<State, 'text'>, code: number): State {
  if (code === escape) return state === 'string' ? 'stringEscape' : 'escape';
  if (state === 'string') return code === bell || code === 0x9c ? 'text' : 'string';
  if (state === 'csi') return code >= 0x20 && code <= 0x3f ? 'csi' : 'text';
  if (state === 'stringEscape') return code === 0x5c ? 'text' : after('escape', code);
  if (code === 0x5b) return 'csi';
  if (stringLetters.has(code)) return 'string';
  return code >= 0x20 && code <= 0x2f ? 'escape' : 'text';
}
