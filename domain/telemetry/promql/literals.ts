import type { Span } from './ast.ts';
import { PromqlError } from './problem.ts';

const secondsOfUnit: Record<string, number> = {
  ms: 0.001,
  s: 1,
  m: 60,
  h: 3_600,
  d: 86_400,
  w: 604_800,
  y: 31_536_000,
};
const duration = /^(\d+y)?(\d+w)?(\d+d)?(\d+h)?(\d+m(?!s))?(\d+s)?(\d+ms)?$/;

/** Seconds of `1h30m` and its like; null where the text is none. Every unit once, the longest first. */
export function parseDuration(text: string): number | null {
  if (text === '' || !duration.test(text)) return null;
  let milliseconds = 0;
  for (const [, digits, unit] of text.matchAll(/(\d+)(ms|[smhdwy])/g)) {
    milliseconds += Number(digits) * (secondsOfUnit[unit!]! * 1000);
  }
  return milliseconds / 1000;
}

/**
 * A number as PromQL writes it: decimal, hexadecimal, octal, with `_` between digits, `Inf`, `NaN`, or a duration in
 * seconds.
 * @throws PromqlError
 */
export function parseNumber(text: string, span: Span): number {
  const sign = text.startsWith('-') ? -1 : 1;
  const bare = text.replace(/^[-+]\s*/, '').toLowerCase();
  if (bare === 'inf' || bare === 'infinity') return sign * Infinity;
  if (bare === 'nan') return NaN;
  const seconds = parseDuration(bare);
  if (seconds !== null) return sign * seconds;
  const digits = bare.replaceAll('_', '');
  // as Go's strconv does: a leading zero means octal, where it can
  if (/^0[0-7]+$/.test(digits)) return sign * Number.parseInt(digits, 8);
  const value = digits === '' ? NaN : Number(digits);
  if (Number.isNaN(value))
    throw new PromqlError(`bad number or duration ${JSON.stringify(text)}`, span);
  return sign * value;
}

const simpleEscapes: Record<string, string> = {
  a: '\u0007',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
  '\\': '\\',
  "'": "'",
  '"': '"',
};
const escape = /\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-7]{3})|([^]))/g;

/**
 * The text within quotes: `"` and `'` know Go's escapes, a backtick none.
 * @throws PromqlError of an escape that does not exist, or where the closing quote is missing
 */
export function parseString(text: string, span: Span): string {
  const quote = text[0];
  if (text.length < 2 || text.at(-1) !== quote) throw new PromqlError('unterminated string', span);
  const inner = text.slice(1, -1);
  if (quote === '`' || !inner.includes('\\')) return inner;
  const unescaped = inner.replace(
    escape,
    (whole, hex?: string, short?: string, long?: string, octal?: string, other?: string) =>
      other === undefined
        ? characterOf(
            whole,
            { isByte: (hex ?? octal) !== undefined, code: codeOf(hex ?? short ?? long, octal) },
            span,
          )
        : simpleEscape(whole, other, quote, span),
  );
  return joinBytes(unescaped);
}

const codeOf = (hex = '', octal?: string): number =>
  octal === undefined ? parseInt(hex, 16) : parseInt(octal, 8);

function characterOf(
  whole: string,
  { isByte, code }: { isByte: boolean; code: number },
  span: Span,
): string {
  if (code > 0x10ffff || (isByte && code > 0xff))
    throw new PromqlError(`bad escape ${whole} in a string`, span);
  return isByte && code > 0x7f ? String.fromCharCode(bytes + code) : String.fromCodePoint(code);
}

function simpleEscape(
  whole: string,
  letter: string,
  quote: string | undefined,
  span: Span,
): string {
  const known = simpleEscapes[letter];
  const isOtherQuote = (letter === '"' || letter === "'") && letter !== quote;
  if (known === undefined || isOtherQuote)
    throw new PromqlError(`bad escape ${whole} in a string`, span);
  return known;
}

/** Where bytes of `\\xff` and its like stand until all of a text is known: half of a pair, which no text has alone. */
const bytes = 0xdc00;

/** Bytes that stand beside each other are UTF-8; what is none becomes U+FFFD. */
function joinBytes(text: string): string {
  return text.replace(/[\udc80-\udcff]+/g, (run) =>
    Buffer.from(Array.from(run, (char) => char.charCodeAt(0) - bytes)).toString('utf8'),
  );
}
