import type { Binary } from './ast.ts';
import { operateOnSets, operateOnVectors } from './binary-vectors.ts';
import type { Evaluation } from './evaluation.ts';
import { operateOnSamples } from './operate.ts';
import { comparisons, operate, setOperators } from './operators.ts';
import { PromqlError } from './problem.ts';
import { type Grid, isEmpty, mapSamples, type Sample, type Series, type Value } from './values.ts';

/** An operator between scalars and vectors at each point of the grid. @throws PromqlError */
export function evaluateBinary(evaluation: Evaluation, node: Binary, grid: Grid): Value {
  const left = evaluation.value(node.left, grid);
  const right = evaluation.value(node.right, grid);
  if (left.type === 'string' || right.type === 'string') {
    throw new PromqlError('strings have no operators', node.span);
  }
  if (left.type === 'scalar' && right.type === 'scalar')
    return betweenScalars(node, left.values, right.values);
  if (left.type === 'vector' && right.type === 'vector') {
    const sides: [Series[], Series[]] = [left.series, right.series];
    const series = setOperators.has(node.op)
      ? operateOnSets(node, sides, grid)
      : operateOnVectors(evaluation, node, sides, grid);
    return { type: 'vector', series };
  }
  const series =
    left.type === 'vector'
      ? withScalar(evaluation, node, {
          series: left.series,
          scalars: (right as { values: Float64Array }).values,
          scalarIsLeft: false,
        })
      : withScalar(evaluation, node, {
          series: (right as { series: Series[] }).series,
          scalars: left.values,
          scalarIsLeft: true,
        });
  return { type: 'vector', series };
}

function betweenScalars(node: Binary, left: Float64Array, right: Float64Array): Value {
  const isComparison = comparisons.has(node.op);
  const values = left.map((value, at) => {
    const outcome = operate(node.op, value, right[at]!);
    if (outcome === null)
      throw new PromqlError(`operator "${node.op}" is not for scalars`, node.span);
    return isComparison ? Number(outcome.keep) : outcome.value;
  });
  return { type: 'scalar', values };
}

/** A comparison that filters keeps the element of the vector, on whichever side it stands. */
function withScalar(
  evaluation: Evaluation,
  node: Binary,
  {
    series,
    scalars,
    scalarIsLeft,
  }: { series: readonly Series[]; scalars: Float64Array; scalarIsLeft: boolean },
): Series[] {
  const isComparison = comparisons.has(node.op);
  const isFilter = isComparison && !node.bool;
  // what is cut off a histogram leaves it what it was
  const keepsName = isFilter || node.op === '</' || node.op === '>/';
  const change = (sample: Sample, at: number): Sample | undefined => {
    const sides: [Sample, Sample] = scalarIsLeft ? [scalars[at]!, sample] : [sample, scalars[at]!];
    const outcome = operateOnSamples(evaluation, node.op, sides, node.span);
    if (outcome === null) return undefined;
    if (isFilter) return outcome.keep ? sample : undefined;
    return isComparison ? Number(outcome.keep) : outcome.value;
  };
  return series.map((one) => mapSamples(one, change, !keepsName)).filter((one) => !isEmpty(one));
}
