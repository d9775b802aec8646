import type { BinaryOp, Span } from './ast.ts';
import type { Evaluation } from './evaluation.ts';
import { divide, isSameHistogram, multiply, type NativeHistogram } from './histogram.ts';
import { IncompatibleHistograms, merge } from './histogram-merge.ts';
import { trim } from './histogram-trim.ts';
import { noteMerged, noteOf } from './notes.ts';
import { operate } from './operators.ts';
import type { Sample } from './values.ts';

/** What comes of two samples: the result, and whether a comparison that filters lets it pass. */
export interface Outcome {
  value: Sample;
  keep: boolean;
}

/** Two samples of any kind under an operator; null where the operator is not for their kinds, which is noted. */
export function operateOnSamples(
  evaluation: Evaluation,
  op: BinaryOp,
  [a, b]: [Sample, Sample],
  span: Span,
): Outcome | null {
  const outcome = tryOperate(evaluation, op, [a, b], span);
  if (outcome === undefined) {
    const word = (sample: Sample) => (typeof sample === 'number' ? 'float' : 'histogram');
    evaluation.note(noteOf('info', `no result of ${word(a)} ${op} ${word(b)}`, span));
  }
  return outcome ?? null;
}

function tryOperate(
  evaluation: Evaluation,
  op: BinaryOp,
  [a, b]: [Sample, Sample],
  span: Span,
): Outcome | null | undefined {
  if (typeof a === 'number') {
    if (typeof b === 'number') return operate(op, a, b) ?? undefined;
    return op === '*' ? kept(multiply(b, a)) : undefined;
  }
  if (typeof b !== 'number') return betweenHistograms(evaluation, op, [a, b], span);
  if (op === '*') return kept(multiply(a, b));
  if (op === '/') return kept(divide(a, b));
  return op === '</' || op === '>/' ? kept(trim(a, b, op === '</')) : undefined;
}

const kept = (value: Sample): Outcome => ({ value, keep: true });

function betweenHistograms(
  evaluation: Evaluation,
  op: BinaryOp,
  [a, b]: [NativeHistogram, NativeHistogram],
  span: Span,
): Outcome | null | undefined {
  if (op === '==' || op === '!=')
    return { value: a, keep: isSameHistogram(a, b) === (op === '==') };
  if (op !== '+' && op !== '-') return undefined;
  try {
    const merged = merge(a, b, op === '+' ? 1 : -1);
    noteMerged(evaluation, merged, span);
    return kept(op === '+' ? merged.result : { ...merged.result, hint: 'gauge' });
  } catch (error) {
    if (!(error instanceof IncompatibleHistograms)) throw error;
    evaluation.note(
      noteOf('warning', 'histograms with exponential and with custom buckets are mixed', span),
    );
    return null;
  }
}
