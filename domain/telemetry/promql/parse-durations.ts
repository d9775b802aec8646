import type { SyntaxNode } from '@lezer/common';
import type { Duration } from './ast.ts';
import { parseNumber } from './literals.ts';
import { childrenOf, type Reader, spanOf } from './syntax.ts';
import { PromqlError } from './problem.ts';

const operators: Record<string, '+' | '-' | '*' | '/' | '%' | '^'> = {
  Add: '+',
  Sub: '-',
  Mul: '*',
  Div: '/',
  Mod: '%',
  Pow: '^',
};

/** What stands in the brackets of a range or behind `offset`. @throws PromqlError */
export function parseDurationNode(reader: Reader, node: SyntaxNode): Duration {
  const span = spanOf(node);
  const children = childrenOf(node);
  const [first, second, third] = children;
  if (node.name === 'NumberDurationLiteralInDurationContext' || first === undefined) {
    return { kind: 'seconds', value: parseNumber(reader.text.slice(node.from, node.to), span) };
  }
  switch (first.name) {
    case 'DurationStep':
      return { kind: 'step' };
    case 'DurationRange':
      return { kind: 'range' };
    case 'DurationMinOf':
    case 'DurationMaxOf': {
      const op = first.name === 'DurationMinOf' ? 'min' : 'max';
      return {
        kind: 'operation',
        op,
        span,
        left: parseDurationNode(reader, second!),
        right: parseDurationNode(reader, third!),
      };
    }
    case 'UnaryOp': {
      const of = parseDurationNode(reader, second!);
      return reader.text[first.from] === '-' ? { kind: 'negated', of } : of;
    }
    default:
      break;
  }
  if (children.length === 1) return parseDurationNode(reader, first);
  const op = operators[second!.name];
  if (op === undefined) throw new PromqlError(`bad duration`, span);
  return {
    kind: 'operation',
    op,
    span,
    left: parseDurationNode(reader, first),
    right: parseDurationNode(reader, third!),
  };
}

/** What a duration may depend on, in seconds. */
export interface DurationContext {
  step: number;
  range: number;
}

const arithmetic: Record<
  '+' | '-' | '*' | '/' | '%' | '^' | 'min' | 'max',
  (a: number, b: number) => number
> = {
  '+': (a, b) => a + b,
  '-': (a, b) => a - b,
  '*': (a, b) => a * b,
  '/': (a, b) => a / b,
  '%': (a, b) => a % b,
  '^': (a, b) => a ** b,
  min: Math.min,
  max: Math.max,
};

/** Seconds, whole milliseconds of them. @throws PromqlError of a division by zero */
export function secondsOf(duration: Duration, context: DurationContext): number {
  return Math.trunc(Number((exactSecondsOf(duration, context) * 1000).toFixed(6))) / 1000;
}

function exactSecondsOf(duration: Duration, context: DurationContext): number {
  switch (duration.kind) {
    case 'seconds':
      return duration.value;
    case 'step':
    case 'range':
      return context[duration.kind];
    case 'negated':
      return -exactSecondsOf(duration.of, context);
    default: {
      const right = exactSecondsOf(duration.right, context);
      if (right === 0 && duration.op === '/')
        throw new PromqlError('division by zero', duration.span, 'failed');
      if (right === 0 && duration.op === '%')
        throw new PromqlError('modulo by zero', duration.span, 'failed');
      return arithmetic[duration.op](exactSecondsOf(duration.left, context), right);
    }
  }
}
