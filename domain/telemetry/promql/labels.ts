/** name and value */
export type LabelPair = readonly [name: string, value: string];

export const metricNameLabel = '__name__';

/** What describes a metric and not what was measured: gone once a value is no longer the metric's own. */
const ofMetricOnly = new Set([metricNameLabel, '__type__', '__unit__']);

/** Order of code points' UTF-8 bytes, as Prometheus sorts names. */
function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** A set of labels, sorted by name. A label whose value is empty is the same as none. Two equal sets have one `key`. */
export class Labels {
  static readonly empty = new Labels([]);
  readonly pairs: readonly LabelPair[];
  readonly key: string;

  private constructor(sorted: readonly LabelPair[]) {
    this.pairs = sorted;
    this.key = sorted.map(([name, value]) => `${name}\u0001${value}`).join('\u0000');
  }

  /** @param pairs in any order; of two with one name the last holds */
  static of(pairs: Iterable<LabelPair>): Labels {
    const map = new Map<string, string>();
    for (const [name, value] of pairs) map.set(name, value);
    const kept = [...map].filter(([, value]) => value !== '');
    return kept.length === 0
      ? Labels.empty
      : new Labels(kept.sort((a, b) => compareText(a[0], b[0])));
  }

  /** The value, '' where there is none. */
  get(name: string): string {
    for (const [own, value] of this.pairs) if (own === name) return value;
    return '';
  }

  /** These and no others. */
  only(names: ReadonlySet<string>): Labels {
    return this.filtered((name) => names.has(name));
  }

  without(names: ReadonlySet<string>): Labels {
    return this.filtered((name) => !names.has(name));
  }

  /** Without the metric's name, type and unit. */
  withoutName(): Labels {
    return this.without(ofMetricOnly);
  }

  /** @param value '' takes the label away */
  with(name: string, value: string): Labels {
    return this.get(name) === value ? this : Labels.of([...this.pairs, [name, value]]);
  }

  /** As PromQL writes it: `name{a="b"}`. */
  toString(): string {
    const name = this.get(metricNameLabel);
    const rest = this.pairs.filter(([own]) => own !== metricNameLabel);
    const text = rest.map(([own, value]) => `${own}=${JSON.stringify(value)}`).join(', ');
    return rest.length === 0 && name !== '' ? name : `${name}{${text}}`;
  }

  private filtered(keep: (name: string) => boolean): Labels {
    if (this.pairs.every(([name]) => keep(name))) return this;
    const kept = this.pairs.filter(([name]) => keep(name));
    return kept.length === 0 ? Labels.empty : new Labels(kept);
  }
}

/** Negative, 0 or positive: by names and values in turn, the shorter set first. */
export function compareLabels(a: Labels, b: Labels): number {
  const length = Math.min(a.pairs.length, b.pairs.length);
  for (let at = 0; at < length; at++) {
    const [nameA, valueA] = a.pairs[at]!;
    const [nameB, valueB] = b.pairs[at]!;
    const order = compareText(nameA, nameB) || compareText(valueA, valueB);
    if (order !== 0) return order;
  }
  return a.pairs.length - b.pairs.length;
}
