import type { Aggregation } from './ast.ts';
import type { Evaluation } from './evaluation.ts';
import type { Group } from './group-series.ts';
import { noteOf } from './notes.ts';
import { PromqlError } from './problem.ts';
import { compareNumbers } from './sums.ts';
import { emptySeries, type Grid, isEmpty, putSample, sampleAt, type Series } from './values.ts';

/** A place between 0 and 1 that a set of labels always has, evenly spread (FNV-1a, then mixed). */
function placeOf(key: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < key.length; at++) hash = Math.imul(hash ^ key.charCodeAt(at), 0x01000193);
  hash ^= hash >>> 16;
  hash = Math.imul(hash, 0x85ebca6b);
  hash ^= hash >>> 13;
  hash = Math.imul(hash, 0xc2b2ae35);
  hash ^= hash >>> 16;
  return (hash >>> 0) / 2 ** 32;
}

type Choose = (present: Series[], parameter: number, at: number) => Series[];

/** The greatest (`sign` 1) or the least, NaN last. */
const extremes =
  (sign: 1 | -1): Choose =>
  (present, k, at) => {
    const order = (a: Series, b: Series): number => {
      const [x, y] = [a.values[at]!, b.values[at]!];
      if (Number.isNaN(x) || Number.isNaN(y))
        return Number(Number.isNaN(x)) - Number(Number.isNaN(y));
      return -sign * compareNumbers(x, y);
    };
    return present.sort(order).slice(0, k);
  };

const choices: Partial<Record<Aggregation['op'], Choose>> = {
  topk: extremes(1),
  bottomk: extremes(-1),
  limitk: (present, k) => present.slice(0, k),
  // what a ratio leaves out is what the negative rest of it takes
  limit_ratio: (present, ratio) =>
    present.filter(({ labels }) => {
      const place = placeOf(labels.key);
      return ratio >= 0 ? place < ratio : place >= 1 + ratio;
    }),
};

function checkParameter(
  evaluation: Evaluation,
  { op, parameter }: Aggregation,
  value: number,
): number {
  const { span } = parameter!;
  if (Number.isNaN(value)) {
    throw new PromqlError(
      op === 'limit_ratio' ? 'Ratio value is NaN' : 'Parameter value is NaN',
      span,
      'failed',
    );
  }
  if (op === 'limit_ratio') {
    if (Math.abs(value) > 1)
      evaluation.note(
        noteOf('warning', `a ratio lies between -1 and 1, got ${String(value)}`, span),
      );
    return Math.max(-1, Math.min(1, value));
  }
  if (Math.abs(value) >= 2 ** 63)
    throw new PromqlError(`scalar value ${String(value)} overflows int64`, span, 'failed');
  return Math.max(0, Math.trunc(value));
}

/** Aggregations that let some of their elements through as they are. The order is that of the last point's choice. */
export function selectOf(
  evaluation: Evaluation,
  node: Aggregation,
  groups: readonly Group[],
  { parameters, grid }: { parameters: Float64Array; grid: Grid },
): Series[] {
  const choose = choices[node.op]!;
  const checked = parameters.map((value) => checkParameter(evaluation, node, value));
  const byValue = node.op === 'topk' || node.op === 'bottomk';
  return groups.flatMap(({ members }) => {
    const chosen = new Map<Series, Series>();
    for (let at = 0; at < grid.count; at++) {
      if (byValue && checked[at]! > 0 && members.some(({ present }) => present[at] === 2)) {
        evaluation.note(noteOf('info', `histograms are left out by ${node.op}`, node.of.span));
      }
      const present = members.filter((one) =>
        byValue ? one.present[at] === 1 : one.present[at] !== 0,
      );
      for (const one of choose(present, checked[at]!, at)) {
        const own = chosen.get(one) ?? emptySeries(one.labels, one.dropName, grid.count);
        putSample(own, at, sampleAt(one, at)!);
        chosen.set(one, own);
      }
    }
    return [...chosen.values()].filter((one) => !isEmpty(one));
  });
}
