import { stringify } from 'yaml';
import { EvaluationError, isTruthy, Missing, nameOfType, textOf } from './template-values.ts';

interface TemplateFunction {
  /** least and most arguments, the piped one included */
  arity: readonly [number, number];
  /** whether it copes with values that are not there */
  takesMissing?: boolean;
  /** whether its text may go into YAML although it has several lines */
  isSafeInYaml?: boolean;
  run: (args: readonly unknown[]) => unknown;
}

const MAX_TEXT = 1024 * 1024;
const any = 20;

const ofText = (run: (text: string) => string): TemplateFunction => ({
  arity: [1, 1],
  run: ([value]) => run(textOf(value)),
});

const compare = (accept: (order: number) => boolean): TemplateFunction => ({
  arity: [2, 2],
  run: ([left, right]) => accept(orderOf(left, right)),
});

/** Everything a template may call. Each works on its arguments alone: no clock, no chance, no files, no network. */
export const templateFunctions: ReadonlyMap<string, TemplateFunction> = new Map(
  Object.entries({
    default: {
      arity: [2, 2],
      takesMissing: true,
      run: ([fallback, value]) => (isTruthy(value) ? value : fallback),
    },
    coalesce: { arity: [1, any], takesMissing: true, run: (args) => args.find(isTruthy) ?? null },
    required: {
      arity: [2, 2],
      takesMissing: true,
      run: ([message, value]) => {
        if (value instanceof Missing || value === null || value === '') {
          throw new EvaluationError(textOf(message));
        }
        return value;
      },
    },
    ternary: { arity: [3, 3], run: ([yes, no, value]) => (isTruthy(value) ? yes : no) },
    and: {
      arity: [1, any],
      takesMissing: true,
      run: (args) => args.find((value) => !isTruthy(value)) ?? args.at(-1),
    },
    or: { arity: [1, any], takesMissing: true, run: (args) => args.find(isTruthy) ?? args.at(-1) },
    not: { arity: [1, 1], takesMissing: true, run: ([value]) => !isTruthy(value) },
    empty: { arity: [1, 1], takesMissing: true, run: ([value]) => !isTruthy(value) },
    eq: {
      arity: [2, any],
      run: ([value, ...others]) => others.some((other) => orderOf(value, other) === 0),
    },
    ne: compare((order) => order !== 0),
    lt: compare((order) => order < 0),
    le: compare((order) => order <= 0),
    gt: compare((order) => order > 0),
    ge: compare((order) => order >= 0),
    quote: { ...ofText((text) => JSON.stringify(text)), isSafeInYaml: true },
    squote: ofText((text) => `'${text.replaceAll("'", "''")}'`),
    upper: ofText((text) => text.toUpperCase()),
    lower: ofText((text) => text.toLowerCase()),
    trim: ofText((text) => text.trim()),
    b64enc: ofText((text) => Buffer.from(text).toString('base64')),
    toString: ofText((text) => text),
    int: { arity: [1, 1], run: ([value]) => wholeNumber(value) },
    trunc: {
      arity: [2, 2],
      run: ([length, value]) => textOf(value).slice(0, Math.max(0, wholeNumber(length))),
    },
    trimPrefix: {
      arity: [2, 2],
      run: ([prefix, value]) => {
        const [text, start] = [textOf(value), textOf(prefix)];
        return text.startsWith(start) ? text.slice(start.length) : text;
      },
    },
    trimSuffix: {
      arity: [2, 2],
      run: ([suffix, value]) => {
        const [text, end] = [textOf(value), textOf(suffix)];
        return end !== '' && text.endsWith(end) ? text.slice(0, -end.length) : text;
      },
    },
    replace: { arity: [3, 3], run: ([from, to, value]) => replaced(from, to, value) },
    len: { arity: [1, 1], run: ([value]) => lengthOf(value) },
    join: {
      arity: [2, 2],
      run: ([separator, value]) => listOf(value).map(textOf).join(textOf(separator)),
    },
    toJson: { arity: [1, 1], isSafeInYaml: true, run: ([value]) => JSON.stringify(value) },
    toYaml: {
      arity: [1, 1],
      isSafeInYaml: true,
      run: ([value]) => stringify(value, { lineWidth: 0, version: '1.1' }).trimEnd(),
    },
    indent: {
      arity: [2, 2],
      isSafeInYaml: true,
      run: ([width, value]) => indented(width, value),
    },
    nindent: {
      arity: [2, 2],
      isSafeInYaml: true,
      run: ([width, value]) => `\n${indented(width, value)}`,
    },
  } satisfies Record<string, TemplateFunction>),
);

/** Calls a function by name with arguments that are already values. */
export function callFunction(name: string, args: readonly unknown[]): unknown {
  const called = templateFunctions.get(name);
  if (called === undefined) {
    throw new EvaluationError(`there is no function "${name}" here: use a Helm chart for it`);
  }
  const [least, most] = called.arity;
  if (args.length < least || args.length > most) {
    const expected = least === most ? String(least) : `at least ${least}`;
    throw new EvaluationError(`${name} takes ${expected} arguments, not ${args.length}`);
  }
  const missing =
    called.takesMissing === true ? undefined : args.find((arg) => arg instanceof Missing);
  if (missing instanceof Missing) throw missingValue(missing);
  const result = called.run(args);
  if (typeof result === 'string' && result.length > MAX_TEXT) {
    throw new EvaluationError('the text is longer than 1 MiB');
  }
  return result;
}

export function missingValue({ at }: Missing): EvaluationError {
  return new EvaluationError(`${at} is not set`);
}

function orderOf(left: unknown, right: unknown): number {
  const isPlain = ['string', 'number', 'boolean'].includes(typeof left);
  if (left === null || right === null) return left === right ? 0 : 1;
  if (!isPlain || typeof left !== typeof right) {
    throw new EvaluationError(`${nameOfType(left)} cannot be compared with ${nameOfType(right)}`);
  }
  if (left === right) return 0;
  return (left as string) < (right as string) ? -1 : 1;
}

function wholeNumber(value: unknown): number {
  const number = Number(typeof value === 'string' && value.trim() !== '' ? value : (value ?? NaN));
  if (!Number.isSafeInteger(Math.trunc(number))) {
    throw new EvaluationError(`expected a whole number, got ${nameOfType(value)}`);
  }
  return Math.trunc(number);
}

function listOf(value: unknown): unknown[] {
  if (!Array.isArray(value)) throw new EvaluationError(`expected a list, got ${nameOfType(value)}`);
  return value as unknown[];
}

function lengthOf(value: unknown): number {
  if (typeof value === 'string' || Array.isArray(value)) return value.length;
  if (typeof value === 'object' && value !== null) return Object.keys(value).length;
  throw new EvaluationError(`${nameOfType(value)} has no length`);
}

function replaced(from: unknown, to: unknown, value: unknown): string {
  const [search, replacement, text] = [textOf(from), textOf(to), textOf(value)];
  if (search === '') return text;
  const parts = text.split(search);
  if (text.length + parts.length * replacement.length > MAX_TEXT) {
    throw new EvaluationError('the text is longer than 1 MiB');
  }
  return parts.join(replacement);
}

function indented(width: unknown, value: unknown): string {
  const spaces = wholeNumber(width);
  if (spaces < 0 || spaces > 64) throw new EvaluationError('indent takes 0 to 64 spaces');
  return textOf(value)
    .split('\n')
    .map((line) => `${' '.repeat(spaces)}${line}`)
    .join('\n');
}
