/** A path that led nowhere. Only what gives an answer without a value (`default`, `if`) takes it. */
export class Missing {
  /** the part of the path that is not there */
  readonly at: string;

  constructor(at: string) {
    this.at = at;
  }
}

/** Why an expression has no value; the caller adds file and line. */
export class EvaluationError extends Error {}

/** What `if` takes as no: nothing, false, zero, an empty text, list or map. */
export function isTruthy(value: unknown): boolean {
  if (value instanceof Missing || value === null || value === undefined) return false;
  if (Array.isArray(value)) return value.length > 0;
  if (typeof value === 'object') return Object.keys(value).length > 0;
  return value !== false && value !== 0 && value !== '';
}

/** `a text`, `a number`, `a list` …, for messages. */
export function nameOfType(value: unknown): string {
  if (value instanceof Missing || value === null || value === undefined) return 'nothing';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'a map';
  return typeof value === 'string' ? 'a text' : `a ${typeof value}`;
}

/** A single value as text; a list or a map has no text of its own. */
export function textOf(value: unknown): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  if (typeof value === 'object' && value !== null && !(value instanceof Missing)) {
    throw new EvaluationError(`it is ${nameOfType(value)}: pipe it through toYaml or toJson`);
  }
  throw new EvaluationError('it has no value: give one, or pipe it through default');
}
