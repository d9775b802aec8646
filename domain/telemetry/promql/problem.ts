import type { Span } from './ast.ts';

/** A query that cannot be read or evaluated: what is wrong, and where it stands in the text. */
export class PromqlError extends Error {
  readonly span: Span;
  /** `unsupported`: right, but not evaluated here; `invalid`: not PromQL; `failed`: of the data that it met; `limit`: too much */
  readonly reason: 'invalid' | 'unsupported' | 'failed' | 'limit';

  constructor(message: string, span: Span, reason: PromqlError['reason'] = 'invalid') {
    super(message);
    this.name = 'PromqlError';
    this.span = span;
    this.reason = reason;
  }
}

/** Line and column, both from 1, of an offset in a text. */
export function positionIn(text: string, offset: number): { line: number; column: number } {
  const before = text.slice(0, offset).split('\n');
  return { line: before.length, column: (before.at(-1)?.length ?? 0) + 1 };
}
