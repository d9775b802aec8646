import type { Expr, Matcher, Span } from '../promql/ast.ts';

export type LineOperator = '|=' | '!=' | '|~' | '!~';
export type Comparison = '=' | '==' | '!=' | '>' | '>=' | '<' | '<=';

/** What a label has to be. Numbers, durations (seconds) and sizes (bytes) are compared as numbers. */
export type LabelFilter =
  | { kind: 'text'; span: Span; matcher: Matcher }
  | {
      kind: 'number';
      span: Span;
      name: string;
      op: Comparison;
      value: number;
      unit: 'number' | 'duration' | 'bytes';
    }
  | { kind: 'and' | 'or'; span: Span; left: LabelFilter; right: LabelFilter };

/** A label that is taken from a line: under which name, from where. */
export interface Extraction {
  name: string;
  /** keys of objects and indices of arrays; of logfmt one key */
  path: readonly (string | number)[];
}

/** A text with labels put in: `{{.name}}`. */
export type Template = readonly (string | { label: string })[];

export type Stage =
  /** keeps lines that hold one of the texts */
  | { kind: 'line'; span: Span; op: LineOperator; values: readonly string[] }
  | { kind: 'parse'; span: Span; format: 'json' | 'logfmt'; only: readonly Extraction[] | null }
  | { kind: 'filter'; span: Span; filter: LabelFilter }
  | { kind: 'line_format'; span: Span; template: Template }
  | { kind: 'label_format'; span: Span; changes: readonly { name: string; template: Template }[] }
  | {
      kind: 'drop' | 'keep';
      span: Span;
      labels: readonly { name: string; matcher: Matcher | null }[];
    };

/** `{app="x"} |= "error" | json`: lines of the streams that fulfil the matchers, through stages. */
export interface LogQuery {
  span: Span;
  matchers: readonly Matcher[];
  stages: readonly Stage[];
}

/** The label that gives a line its number, and what the number is of. */
export interface Unwrap {
  label: string;
  conversion: 'number' | 'duration' | 'bytes';
  filters: readonly LabelFilter[];
}

/** Lines of a range, as a series of numbers: 1 a line, its bytes, or a label of it. */
export interface LogRange {
  span: Span;
  query: LogQuery;
  value: 'line' | 'bytes' | Unwrap;
  /** labels that series are told apart by; null: all */
  grouping: { without: boolean; labels: readonly string[] } | null;
}

/** A query for numbers: PromQL over series that are made of lines, each named by its index. */
export interface MetricQuery {
  kind: 'metric';
  expr: Expr;
  ranges: readonly LogRange[];
}

export type LogqlQuery = { kind: 'logs'; query: LogQuery } | MetricQuery;
