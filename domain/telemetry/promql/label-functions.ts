import type { Call, Expr, Matcher } from './ast.ts';
import type { Evaluation } from './evaluation.ts';
import { type LabelPair, Labels, metricNameLabel } from './labels.ts';
import { compilePattern } from './matcher-test.ts';
import { PromqlError } from './problem.ts';
import {
  emptySeries,
  type Grid,
  putSample,
  sampleAt,
  type Series,
  SeriesBuilder,
} from './values.ts';
import type { RE2JS } from 're2js';

export function stringOf(expr: Expr): string {
  if (expr.kind === 'paren') return stringOf(expr.of);
  if (expr.kind !== 'string') throw new PromqlError('a string is expected here', expr.span);
  return expr.value;
}

/** Any text names a label, but not none, and not bytes that are no UTF-8. */
export function requireLabelName(name: string, expr: Expr): string {
  if (name === '' || name.includes('\uFFFD')) {
    throw new PromqlError(`invalid label name ${JSON.stringify(name)}`, expr.span, 'failed');
  }
  return name;
}

/** Gives each series other labels. @throws PromqlError where two get the same and have a value at one point */
function relabel(
  series: readonly Series[],
  change: (labels: Labels) => Labels,
  target: string,
  { span }: Call,
): Series[] {
  const builders = new Map<string, Series>();
  for (const one of series) {
    const labels = change(one.labels);
    // a name that was written anew is that of the result
    const dropName = one.dropName && (target !== metricNameLabel || labels === one.labels);
    const before = builders.get(labels.key);
    if (before === undefined) {
      const { values, present, histograms } = one;
      const copy = {
        values: values.slice(),
        present: present.slice(),
        histograms: histograms?.slice() ?? null,
      };
      builders.set(labels.key, { labels, dropName, ...copy });
      continue;
    }
    for (let at = 0; at < one.values.length; at++) {
      const sample = sampleAt(one, at);
      if (sample === undefined) continue;
      if (before.present[at] !== 0) {
        throw new PromqlError(
          'vector cannot contain metrics with the same labelset',
          span,
          'failed',
        );
      }
      putSample(before, at, sample);
    }
    before.dropName ||= dropName;
  }
  return [...builders.values()];
}

/** `$1`, `${1}`, `${name}` and `$$` of Go's templates, filled from a match. */
function expand(
  template: string,
  matcher: ReturnType<RE2JS['matcher']>,
  groups: number,
  named: Record<string, number>,
): string {
  return template.replace(
    /\$(?:\$|(\w+)|\{(\w+)\})/g,
    (whole, bare: string | undefined, braced: string | undefined) => {
      if (whole === '$$') return '$';
      const name = bare ?? braced!;
      const index = /^\d+$/.test(name) ? Number(name) : (named[name] ?? -1);
      return index < 0 || index > groups ? '' : (matcher.group(index) ?? '');
    },
  );
}

/** `label_replace(v, target, replacement, source, pattern)`: where the whole source value matches, target is written. */
export function labelReplace(call: Call, series: readonly Series[]): Series[] {
  const [, target, replacement, source, pattern] = call.args;
  const name = requireLabelName(stringOf(target!), target!);
  const compiled = compilePattern(stringOf(pattern!), pattern!.span);
  const template = stringOf(replacement!);
  const from = stringOf(source!);
  const named = compiled.namedGroups();
  const change = (labels: Labels): Labels => {
    const matcher = compiled.matcher(labels.get(from));
    if (!matcher.matches()) return labels;
    const value = expand(template, matcher, compiled.groupCount(), named);
    return Labels.of([...labels.pairs, [name, value]]);
  };
  return relabel(series, change, name, call);
}

/** `label_join(v, target, separator, source…)`: target is the values of the sources, joined. */
export function labelJoin(call: Call, series: readonly Series[]): Series[] {
  const [, target, separator, ...sources] = call.args;
  const name = requireLabelName(stringOf(target!), target!);
  const names = sources.map((source) => requireLabelName(stringOf(source), source));
  const between = stringOf(separator!);
  const change = (labels: Labels): Labels =>
    Labels.of([...labels.pairs, [name, names.map((source) => labels.get(source)).join(between)]]);
  return relabel(series, change, name, call);
}

/** The labels that a selector says are so: those of `=`, each named once. */
function labelsSaid(expr: Expr): Labels {
  let inner = expr;
  while (inner.kind === 'paren') inner = inner.of;
  const selector = inner.kind === 'matrix' ? inner.selector : inner;
  const matchers: readonly Matcher[] = selector.kind === 'selector' ? selector.matchers : [];
  const pairs: LabelPair[] = [];
  for (const { name, op, value } of matchers) {
    const once = matchers.filter((other) => other.name === name).length === 1;
    if (once && op === '=' && name !== metricNameLabel) pairs.push([name, value]);
  }
  return Labels.of(pairs);
}

/** 1 at each point where none of the series has a value. */
export function absentOf(expr: Expr, isPresent: Uint8Array): Series[] {
  const series = emptySeries(labelsSaid(expr), true, isPresent.length);
  isPresent.forEach((one, at) => {
    if (one !== 0) return;
    series.values[at] = 1;
    series.present[at] = 1;
  });
  return series.present.includes(1) ? [series] : [];
}

/**
 * What a query answers: names that are not of the values any more are gone, and series that become one are.
 * @throws PromqlError where they meet at one point
 */
export function withoutDroppedNames(
  series: readonly Series[],
  evaluation: Evaluation,
  grid: Grid,
  expr: Expr,
): Series[] {
  if (!series.some(({ dropName }) => dropName)) return [...series];
  const builder = new SeriesBuilder(grid.count);
  for (const one of series) {
    const final = one.dropName ? one.labels.withoutName() : one.labels;
    for (let at = 0; at < grid.count; at++) {
      const sample = sampleAt(one, at);
      if (sample === undefined || builder.set(final, at, sample, false)) continue;
      throw new PromqlError(
        'vector cannot contain metrics with the same labelset',
        expr.span,
        'failed',
      );
    }
  }
  evaluation.spend(0, expr.span);
  return builder.build();
}
