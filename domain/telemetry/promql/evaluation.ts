import type { Expr, Span, Subquery, VectorSelector } from './ast.ts';
import { secondsOf } from './parse-durations.ts';
import { PromqlError } from './problem.ts';
import type { Grid, StoredSeries, Value } from './values.ts';

export interface Annotation {
  severity: 'warning' | 'info';
  message: string;
  span: Span;
}

/** What the parts of an evaluation share. */
export interface Evaluation {
  /** what was asked for */
  query: Grid;
  /** samples of every selector, read before */
  samples: ReadonlyMap<VectorSelector, readonly StoredSeries[]>;
  /** how long a sample counts while no newer one comes, ms */
  lookback: number;
  /** step of a subquery that names none, ms */
  subqueryStep: number;
  note: (annotation: Annotation) => void;
  /** counts samples that are looked at. @throws PromqlError above the limit */
  spend: (samples: number, span: Span) => void;
  /** the value of an expression at the points of a grid */
  value: (expr: Expr, grid: Grid) => Value;
}

/** Milliseconds of a duration in this query. */
export function durationOf(
  evaluation: Evaluation,
  duration: Parameters<typeof secondsOf>[0],
): number {
  const { start, step, count } = evaluation.query;
  const last = start + step * (count - 1);
  // a query for one point has neither a step nor a length
  const context = { step: count === 1 ? 0 : step / 1000, range: (last - start) / 1000 };
  return Math.round(secondsOf(duration, context) * 1000);
}

/** Like `durationOf`, of a range or a step. @throws PromqlError where it is not above 0 */
export function lengthOf(
  evaluation: Evaluation,
  duration: Parameters<typeof secondsOf>[0],
  span: Span,
): number {
  const length = durationOf(evaluation, duration);
  if (!(length > 0)) throw new PromqlError('duration must be greater than 0', span);
  return length;
}

/** The time that a selector looks back from, for a point of the grid, ms: by `@` and `offset`. */
export function referenceTime(
  evaluation: Evaluation,
  { at, offset }: Pick<VectorSelector | Subquery, 'at' | 'offset'>,
): (time: number) => number {
  const shift = offset === null ? 0 : durationOf(evaluation, offset);
  const { start, step, count } = evaluation.query;
  if (at === null) return (time) => time - shift;
  const fixed =
    at === 'start' ? start : at === 'end' ? start + step * (count - 1) : Math.round(at * 1000);
  return () => fixed - shift;
}
