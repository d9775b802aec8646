/** One figure of ours beside what it is judged by; results/*.json keep them under `targets`, and `--table` prints them. */
export interface TargetRow {
  what: string;
  unit: string;
  ours: number;
  /** what ran in turns with ours in the same run, and its figure; null where ours is judged alone */
  beside: { name: string; figure: number } | null;
  /** ours to the other's */
  ratio: number | null;
  /** as people read it: `<= 0.33x`, `>= 3x`, `<= 50` */
  target: string | null;
  met: boolean | null;
}

export const baselineName = 'build of 50038b1';

const round = (value: number): number => Number(value.toPrecision(3));

/**
 * Judges a figure of ours. A target that ends in `x` is about the ratio, any other one about the figure itself; null: told
 * only.
 */
export function judge(
  what: string,
  unit: string,
  figures: { ours: number; other?: number; name?: string },
  target: string | null,
): TargetRow {
  const { ours, other, name = baselineName } = figures;
  const ratio = other === undefined ? null : ours / other;
  const [, sign, limit = '', isRatio] = /^(<=|>=) ([\d.]+)(x?)$/.exec(target ?? '') ?? [];
  const judged = isRatio === 'x' ? ratio : ours;
  const met =
    sign === undefined || judged === null
      ? null
      : sign === '<='
        ? judged <= Number(limit)
        : judged >= Number(limit);
  return {
    what,
    unit,
    ours: round(ours),
    beside: other === undefined ? null : { name, figure: round(other) },
    ratio: ratio === null ? null : round(ratio),
    target,
    met,
  };
}

/** The middle of some figures. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? NaN) + upper) / 2;
}
