/** Where a part of a query stands: offsets of its text, the end exclusive. */
export interface Span {
  from: number;
  to: number;
}

export type MatchOperator = '=' | '!=' | '=~' | '!~';

export interface Matcher {
  name: string;
  op: MatchOperator;
  value: string;
}

/** A length of time that may depend on the query it stands in. Numbers are seconds. */
export type Duration =
  | { kind: 'seconds'; value: number }
  | { kind: 'step' }
  | { kind: 'range' }
  | { kind: 'negated'; of: Duration }
  | {
      kind: 'operation';
      op: '+' | '-' | '*' | '/' | '%' | '^' | 'min' | 'max';
      left: Duration;
      right: Duration;
      span: Span;
    };

/** `@`: a Unix time in seconds, or an end of the query's range. */
export type FixedTime = number | 'start' | 'end';

/** What may follow a selector or a subquery. */
export interface Shift {
  offset: Duration | null;
  at: FixedTime | null;
}

export interface VectorSelector extends Shift {
  kind: 'selector';
  span: Span;
  matchers: readonly Matcher[];
  /** how values beyond both ends of a range count: `anchored`, `smoothed` */
  mode: 'anchored' | 'smoothed' | null;
}

export interface MatrixSelector {
  kind: 'matrix';
  span: Span;
  selector: VectorSelector;
  range: Duration;
}

export interface Subquery extends Shift {
  kind: 'subquery';
  span: Span;
  of: Expr;
  range: Duration;
  /** null: the usual step */
  step: Duration | null;
}

export const aggregations = [
  'avg',
  'bottomk',
  'count',
  'count_values',
  'group',
  'limit_ratio',
  'limitk',
  'max',
  'min',
  'quantile',
  'stddev',
  'stdvar',
  'sum',
  'topk',
] as const;
export type AggregationOp = (typeof aggregations)[number];

export interface Aggregation {
  kind: 'aggregation';
  span: Span;
  op: AggregationOp;
  of: Expr;
  /** of `topk`, `quantile`, `count_values` and their like */
  parameter: Expr | null;
  grouping: readonly string[];
  without: boolean;
}

export type BinaryOp =
  | '+'
  | '-'
  | '*'
  | '/'
  | '%'
  | '^'
  | 'atan2'
  | '=='
  | '!='
  | '>'
  | '<'
  | '>='
  | '<='
  | '</'
  | '>/'
  | 'and'
  | 'or'
  | 'unless';

export interface Matching {
  /** `on`: these labels count; else all but these */
  on: boolean;
  labels: readonly string[];
  cardinality: 'one-to-one' | 'many-to-one' | 'one-to-many' | 'many-to-many';
  /** labels of the side with one that results get, too */
  include: readonly string[];
  /** value of a side that has no partner; null: such elements are left out */
  fillLeft: number | null;
  fillRight: number | null;
}

export interface Binary {
  kind: 'binary';
  span: Span;
  op: BinaryOp;
  left: Expr;
  right: Expr;
  bool: boolean;
  matching: Matching;
}

export interface Call {
  kind: 'call';
  span: Span;
  name: string;
  args: readonly Expr[];
}

export type Expr =
  | { kind: 'number'; span: Span; value: number }
  | { kind: 'string'; span: Span; value: string }
  | { kind: 'paren'; span: Span; of: Expr }
  | { kind: 'negated'; span: Span; of: Expr }
  /** unary plus */
  | { kind: 'positive'; span: Span; of: Expr }
  | VectorSelector
  | MatrixSelector
  | Subquery
  | Aggregation
  | Binary
  | Call;

export type ValueType = 'scalar' | 'vector' | 'matrix' | 'string';
