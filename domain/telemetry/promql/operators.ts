import type { BinaryOp } from './ast.ts';

export const setOperators: ReadonlySet<string> = new Set(['and', 'or', 'unless']);
export const comparisons: ReadonlySet<string> = new Set(['==', '!=', '>', '<', '>=', '<=']);

const arithmetic: Partial<Record<BinaryOp, (a: number, b: number) => number>> = {
  '+': (a, b) => a + b,
  '-': (a, b) => a - b,
  '*': (a, b) => a * b,
  '/': (a, b) => a / b,
  '%': (a, b) => a % b,
  '^': power,
  atan2: Math.atan2,
};

const compare: Partial<Record<BinaryOp, (a: number, b: number) => boolean>> = {
  '==': (a, b) => a === b,
  '!=': (a, b) => a !== b,
  '>': (a, b) => a > b,
  '<': (a, b) => a < b,
  '>=': (a, b) => a >= b,
  '<=': (a, b) => a <= b,
};

/** IEEE's power, where 1 to any power is 1: ECMAScript has NaN for 1 ** NaN and 1 ** Infinity. */
function power(base: number, exponent: number): number {
  if (base === 1 || (base === -1 && Math.abs(exponent) === Infinity)) return 1;
  return base ** exponent;
}

/**
 * Two floats under an operator: `value` is that of the result, `keep` whether a comparison that filters lets it pass.
 * Operators of histograms (`</`, `>/`) have no value for floats: null.
 */
export function operate(
  op: BinaryOp,
  a: number,
  b: number,
): { value: number; keep: boolean } | null {
  const comparison = compare[op];
  if (comparison !== undefined) return { value: a, keep: comparison(a, b) };
  const calculation = arithmetic[op];
  return calculation === undefined ? null : { value: calculation(a, b), keep: true };
}
