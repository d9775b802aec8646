import type { Binary } from './ast.ts';
import type { Evaluation } from './evaluation.ts';
import { type LabelPair, Labels } from './labels.ts';
import { operateOnSamples } from './operate.ts';
import { comparisons } from './operators.ts';
import { PromqlError } from './problem.ts';
import { type Grid, type Sample, sampleAt, type Series, SeriesBuilder } from './values.ts';

interface Pairing {
  /** the side of which many may have one partner */
  many: Series[];
  one: Series[];
  signature: Labels;
}

/** The labels that partners have in common. */
export function signatureOf({ matching }: Binary): (labels: Labels) => Labels {
  const names = new Set(matching.labels);
  return matching.on
    ? (labels) => labels.only(names)
    : (labels) => labels.without(names).withoutName();
}

function pairUp(node: Binary, many: readonly Series[], one: readonly Series[]): Pairing[] {
  const signature = signatureOf(node);
  const pairings = new Map<string, Pairing>();
  const add = (series: Series, side: 'many' | 'one') => {
    const labels = signature(series.labels);
    const pairing = pairings.get(labels.key) ?? { many: [], one: [], signature: labels };
    pairing[side].push(series);
    pairings.set(labels.key, pairing);
  };
  for (const series of many) add(series, 'many');
  for (const series of one) add(series, 'one');
  return [...pairings.values()];
}

/** The labels of what comes of two partners. */
function resultLabels({ matching }: Binary, many: Labels, one: Labels | null): Labels {
  if (matching.cardinality === 'one-to-one') {
    const names = new Set(matching.labels);
    return matching.on ? many.only(names) : many.without(names);
  }
  const included: LabelPair[] = matching.include.map((name) => [name, one?.get(name) ?? '']);
  return included.length === 0 ? many : Labels.of([...many.pairs, ...included]);
}

function duplicate(
  node: Binary,
  side: 'left' | 'right',
  signature: Labels,
  found: Series[],
): PromqlError {
  const labels = found
    .slice(0, 2)
    .map((series) => series.labels.toString())
    .join(', ');
  const message =
    `found duplicate series for the match group ${signature.toString()} on the ${side} hand-side of the operation: ` +
    `[${labels}]; many-to-many matching not allowed: matching labels must be unique on one side`;
  return new PromqlError(message, node[side].span, 'failed');
}

/** Arithmetic and comparisons of two vectors, partner by partner. @throws PromqlError of partners that are not one */
export function operateOnVectors(
  evaluation: Evaluation,
  node: Binary,
  [left, right]: [readonly Series[], readonly Series[]],
  grid: Grid,
): Series[] {
  const swapped = node.matching.cardinality === 'one-to-many';
  const pairings = swapped ? pairUp(node, right, left) : pairUp(node, left, right);
  const result = new SeriesBuilder(grid.count);
  for (const pairing of pairings) {
    for (let at = 0; at < grid.count; at++)
      combineAt({ evaluation, node, pairing, swapped, at, result });
    evaluation.spend(grid.count, node.span);
  }
  return result.build();
}

interface Combination {
  evaluation: Evaluation;
  node: Binary;
  pairing: Pairing;
  /** the side with one partner is the left one */
  swapped: boolean;
  at: number;
  result: SeriesBuilder;
}

function combineAt(combination: Combination): void {
  const { node, pairing, swapped, at } = combination;
  const isHere = (series: Series) => series.present[at] !== 0;
  const partners = pairing.one.filter(isHere);
  const many = pairing.many.filter(isHere);
  if (partners.length > 1) {
    throw duplicate(node, swapped ? 'left' : 'right', pairing.signature, partners);
  }
  const [partner] = partners;
  const fillOne = swapped ? node.matching.fillLeft : node.matching.fillRight;
  const fillMany = swapped ? node.matching.fillRight : node.matching.fillLeft;
  if (
    many.length > 1 &&
    node.matching.cardinality === 'one-to-one' &&
    (partner !== undefined || fillOne !== null)
  ) {
    throw duplicate(node, swapped ? 'right' : 'left', pairing.signature, many);
  }
  if (partner === undefined && fillOne === null) return;
  if (many.length === 0) {
    if (partner !== undefined && fillMany !== null) combineTwo(combination, null, partner);
    return;
  }
  for (const series of many) combineTwo(combination, series, partner ?? null);
}

/** Of one that has no partner the partner's value is what is filled in, and its labels are what both have in common. */
function combineTwo(
  { evaluation, node, pairing, swapped, at, result }: Combination,
  many: Series | null,
  one: Series | null,
): void {
  const { fillLeft, fillRight } = node.matching;
  const valueOfMany = many === null ? (swapped ? fillRight : fillLeft)! : sampleAt(many, at)!;
  const valueOfOne = one === null ? (swapped ? fillLeft : fillRight)! : sampleAt(one, at)!;
  const sides: [Sample, Sample] = swapped ? [valueOfOne, valueOfMany] : [valueOfMany, valueOfOne];
  const outcome = operateOnSamples(evaluation, node.op, sides, node.span);
  if (outcome === null) return;
  const isComparison = comparisons.has(node.op);
  if (isComparison && !node.bool && !outcome.keep) return;
  const labels = resultLabels(node, many?.labels ?? pairing.signature, one?.labels ?? null);
  const dropName = !isComparison || node.bool || (many?.dropName ?? false);
  const value = isComparison && node.bool ? Number(outcome.keep) : outcome.value;
  if (!result.set(labels, at, value, dropName)) {
    throw new PromqlError(
      'multiple matches for labels: grouping labels must ensure unique matches',
      node.span,
      'failed',
    );
  }
}

/** `and`, `or`, `unless`: elements as they are, by whether the other side has one with the same labels. */
export function operateOnSets(
  node: Binary,
  [left, right]: [readonly Series[], readonly Series[]],
  grid: Grid,
): Series[] {
  const signature = signatureOf(node);
  const presence = (series: readonly Series[]): ReadonlyMap<string, Uint8Array> => {
    const map = new Map<string, Uint8Array>();
    for (const { labels, present } of series) {
      const { key } = signature(labels);
      const sum = map.get(key) ?? new Uint8Array(grid.count);
      present.forEach((one, at) => (sum[at] = sum[at]! | Number(one !== 0)));
      map.set(key, sum);
    }
    return map;
  };
  const result = new SeriesBuilder(grid.count);
  const addWhere = (
    series: readonly Series[],
    others: ReadonlyMap<string, Uint8Array>,
    wanted: 0 | 1,
  ) => {
    for (const one of series) {
      const other = others.get(signature(one.labels).key);
      for (let at = 0; at < grid.count; at++) {
        const sample = sampleAt(one, at);
        if (sample === undefined || (other?.[at] ?? 0) !== wanted) continue;
        result.set(one.labels, at, sample, one.dropName);
      }
    }
  };
  if (node.op === 'and') addWhere(left, presence(right), 1);
  else if (node.op === 'unless') addWhere(left, presence(right), 0);
  else {
    addWhere(left, new Map(), 0);
    addWhere(right, presence(left), 0);
  }
  return result.build();
}
