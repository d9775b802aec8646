import type { Aggregation, Binary, Call, Expr, ValueType } from './ast.ts';
import { signatures } from './functions-table.ts';
import { comparisons } from './operators.ts';
import { PromqlError } from './problem.ts';

const words: Record<ValueType, string> = {
  scalar: 'scalar',
  vector: 'instant vector',
  matrix: 'range vector',
  string: 'string',
};

export function typeOf(expr: Expr): ValueType {
  switch (expr.kind) {
    case 'number':
      return 'scalar';
    case 'string':
      return 'string';
    case 'paren':
    case 'negated':
    case 'positive':
      return typeOf(expr.of);
    case 'matrix':
    case 'subquery':
      return 'matrix';
    case 'selector':
    case 'aggregation':
      return 'vector';
    case 'binary':
      return typeOf(expr.left) === 'scalar' && typeOf(expr.right) === 'scalar'
        ? 'scalar'
        : 'vector';
    case 'call':
      return signatures.get(expr.name)?.returns ?? 'vector';
  }
}

function requireType(expr: Expr, expected: ValueType, where: string): void {
  const type = typeOf(expr);
  if (type !== expected) {
    throw new PromqlError(
      `expected type ${words[expected]} in ${where}, got ${words[type]}`,
      expr.span,
    );
  }
}

/** @throws PromqlError at the first part whose type does not fit where it stands */
export function checkTypes(expr: Expr): void {
  switch (expr.kind) {
    case 'paren':
      return checkTypes(expr.of);
    case 'negated':
    case 'positive': {
      checkTypes(expr.of);
      const type = typeOf(expr.of);
      if (type === 'scalar' || type === 'vector') return undefined;
      throw new PromqlError(
        `unary expression only allowed on expressions of type scalar or instant vector, got ${words[type]}`,
        expr.span,
      );
    }
    case 'subquery':
      checkTypes(expr.of);
      if (typeOf(expr.of) === 'vector') return undefined;
      throw new PromqlError(
        `subquery is only allowed on instant vector, got ${words[typeOf(expr.of)]} instead`,
        expr.span,
      );
    case 'aggregation':
      return checkAggregation(expr);
    case 'binary':
      return checkBinary(expr);
    case 'call':
      return checkCall(expr);
    default:
      return undefined;
  }
}

function checkAggregation({ op, of, parameter }: Aggregation): void {
  checkTypes(of);
  requireType(of, 'vector', `aggregation ${op}`);
  if (parameter === null) return;
  checkTypes(parameter);
  requireType(
    parameter,
    op === 'count_values' ? 'string' : 'scalar',
    `aggregation parameter of ${op}`,
  );
}

function checkBinary({ op, left, right, bool, matching, span }: Binary): void {
  checkTypes(left);
  checkTypes(right);
  for (const side of [left, right]) {
    const type = typeOf(side);
    if (type !== 'scalar' && type !== 'vector') {
      throw new PromqlError(
        'binary expression must contain only scalar and instant vector types',
        side.span,
      );
    }
  }
  const types = [typeOf(left), typeOf(right)];
  if (types.every((type) => type === 'scalar') && comparisons.has(op) && !bool) {
    throw new PromqlError('comparisons between scalars must use BOOL modifier', span);
  }
  if (!types.includes('scalar')) return;
  if (matching.cardinality === 'many-to-many') {
    throw new PromqlError(`set operator "${op}" not allowed in binary scalar expression`, span);
  }
  const isMatched =
    matching.labels.length > 0 || matching.on || matching.cardinality !== 'one-to-one';
  if (isMatched)
    throw new PromqlError('vector matching only allowed between instant vectors', span);
  if (matching.fillLeft !== null || matching.fillRight !== null) {
    throw new PromqlError('filling in missing series only allowed between instant vectors', span);
  }
}

function checkCall({ name, args, span }: Call): void {
  const signature = signatures.get(name);
  if (signature === undefined) throw new PromqlError(`unknown function ${name}`, span);
  const { args: types, optional, more } = signature;
  const least = types.length - optional;
  if (args.length < least || args.length > types.length + more) {
    const most = types.length + more;
    const wanted =
      most === least
        ? String(least)
        : `${String(least)} to ${most === Infinity ? 'any number' : String(most)}`;
    throw new PromqlError(`${name} takes ${wanted} arguments, got ${String(args.length)}`, span);
  }
  args.forEach((arg, at) => {
    checkTypes(arg);
    requireType(
      arg,
      types[Math.min(at, types.length - 1)]!,
      `call to function ${JSON.stringify(name)}`,
    );
  });
  checkMode(name, args[types.indexOf('matrix')]);
}

const anchorable = ['changes', 'delta', 'increase', 'rate', 'resets'];
const smoothable = ['delta', 'increase', 'rate'];

/** `anchored` and `smoothed` mean something to a few functions only. */
function checkMode(name: string, matrix: Expr | undefined): void {
  if (matrix?.kind !== 'matrix' || matrix.selector.mode === null) return;
  const { mode } = matrix.selector;
  const allowed = mode === 'anchored' ? anchorable : smoothable;
  if (allowed.includes(name)) return;
  throw new PromqlError(
    `${mode} modifier can only be used with: ${allowed.join(', ')} - not with ${name}`,
    matrix.span,
  );
}
