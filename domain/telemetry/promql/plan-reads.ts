import type { Expr, VectorSelector } from './ast.ts';
import { type Evaluation, lengthOf, referenceTime } from './evaluation.ts';
import type { Grid } from './values.ts';
import { subqueryGrid } from './windows.ts';

export interface PlannedRead {
  selector: VectorSelector;
  /** exclusive, ms */
  from: number;
  to: number;
}

/** What each selector of a query needs to see, so that all samples can be read before anything is worked out. */
export function plannedReads(evaluation: Evaluation, expr: Expr): PlannedRead[] {
  const reads: PlannedRead[] = [];
  const visit = (node: Expr, grid: Grid): void => {
    switch (node.kind) {
      case 'selector':
        reads.push(readOf(evaluation, node, grid, evaluation.lookback));
        break;
      case 'matrix':
        reads.push(
          readOf(evaluation, node.selector, grid, lengthOf(evaluation, node.range, node.span)),
        );
        break;
      case 'subquery':
        visit(node.of, subqueryGrid(evaluation, node, grid));
        break;
      case 'paren':
      case 'negated':
      case 'positive':
        visit(node.of, grid);
        break;
      case 'aggregation':
        if (node.parameter !== null) visit(node.parameter, grid);
        visit(node.of, grid);
        break;
      case 'binary':
        visit(node.left, grid);
        visit(node.right, grid);
        break;
      case 'call':
        for (const arg of node.args) visit(arg, grid);
        break;
      default:
        break;
    }
  };
  visit(expr, evaluation.query);
  return reads;
}

function readOf(
  evaluation: Evaluation,
  selector: VectorSelector,
  grid: Grid,
  back: number,
): PlannedRead {
  const reference = referenceTime(evaluation, selector);
  const first = reference(grid.start);
  const last = reference(grid.start + grid.step * Math.max(0, grid.count - 1));
  // ends that are anchored or smoothed look for the samples beside them
  const before = selector.mode === null ? 0 : evaluation.lookback;
  const after = selector.mode === 'smoothed' ? evaluation.lookback : 0;
  return { selector, from: first - back - before, to: last + after };
}
