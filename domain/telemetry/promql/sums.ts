/** A sum that keeps what rounding loses (Neumaier's variant of Kahan's). */
export class ExactSum {
  private sum = 0;
  private lost = 0;

  add(value: number): void {
    const next = this.sum + value;
    if (!Number.isFinite(next)) this.lost = 0;
    else if (Math.abs(this.sum) >= Math.abs(value)) this.lost += this.sum - next + value;
    else this.lost += value - next + this.sum;
    this.sum = next;
  }

  get value(): number {
    return Number.isFinite(this.sum) ? this.sum + this.lost : this.sum;
  }
}

export function sumOf(values: Iterable<number>): number {
  const sum = new ExactSum();
  for (const value of values) sum.add(value);
  return sum.value;
}

/** The mean, also where the sum of finite values leaves the range of floats. NaN of none. */
export function meanOf(values: readonly number[] | Float64Array): number {
  const { length } = values;
  const sum = sumOf(values);
  if (Number.isFinite(sum) || Number.isNaN(sum)) return sum / length;
  if (values.some((value) => !Number.isFinite(value))) return sum;
  const scaled = new ExactSum();
  for (const value of values) scaled.add(value / length);
  return scaled.value;
}

/** Population variance: mean of the squared distances from the mean (Welford's way: exactly 0 of equal values). */
export function varianceOf(values: readonly number[] | Float64Array): number {
  let mean = values[0] ?? NaN;
  let squares = Number.isFinite(mean) ? 0 : NaN;
  for (let at = 1; at < values.length; at++) {
    const distance = values[at]! - mean;
    mean += distance / (at + 1);
    squares += distance * (values[at]! - mean);
  }
  return squares / values.length;
}

/** Order of floats with NaN below all others. */
export function compareNumbers(a: number, b: number): number {
  if (Number.isNaN(a)) return Number.isNaN(b) ? 0 : -1;
  if (Number.isNaN(b)) return 1;
  return a - b || 0;
}

/** The φ-quantile by linear interpolation between ranks. NaN of no values or a φ that is NaN; beyond 0 and 1 an infinity. */
export function quantileOf(phi: number, values: readonly number[] | Float64Array): number {
  if (values.length === 0 || Number.isNaN(phi)) return NaN;
  if (phi < 0) return -Infinity;
  if (phi > 1) return Infinity;
  const sorted = [...values].sort(compareNumbers);
  const rank = phi * (sorted.length - 1);
  const lower = Math.max(0, Math.floor(rank));
  const upper = Math.min(sorted.length - 1, lower + 1);
  const weight = rank - Math.floor(rank);
  // 0 times infinity is no number
  if (weight === 0 || sorted[lower] === sorted[upper]) return sorted[lower]!;
  return sorted[lower]! * (1 - weight) + sorted[upper]! * weight;
}
