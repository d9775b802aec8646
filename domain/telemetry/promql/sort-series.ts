import type { Call } from './ast.ts';
import type { Evaluation } from './evaluation.ts';
import { compareLabels } from './labels.ts';
import { stringOf } from './label-functions.ts';
import { noteOf } from './notes.ts';
import { compareNumbers } from './sums.ts';
import type { Series } from './values.ts';

const natural = new Intl.Collator('en', { numeric: true, sensitivity: 'variant' });

/**
 * Elements in order: by value, NaN last whichever way, or by labels with numbers in them as numbers. Only a query for one
 * point has an order; else they stay as they are.
 */
export function sortSeries(
  evaluation: Evaluation,
  { name, args, span }: Call,
  series: readonly Series[],
): Series[] {
  if (evaluation.query.count !== 1) {
    evaluation.note(noteOf('warning', `${name} has no effect on a range of points`, span));
    return [...series];
  }
  const sign = name.endsWith('_desc') ? -1 : 1;
  if (!name.startsWith('sort_by_label')) {
    return series
      .filter(({ present }) => present[0] === 1)
      .sort((a, b) => {
        const [x, y] = [a.values[0]!, b.values[0]!];
        if (Number.isNaN(x) || Number.isNaN(y))
          return Number(Number.isNaN(x)) - Number(Number.isNaN(y));
        return sign * compareNumbers(x, y);
      });
  }
  const labels = args.slice(1).map(stringOf);
  return [...series].sort((a, b) => {
    for (const label of labels) {
      const order = natural.compare(a.labels.get(label), b.labels.get(label));
      if (order !== 0) return sign * order;
    }
    return sign * compareLabels(a.labels, b.labels);
  });
}
