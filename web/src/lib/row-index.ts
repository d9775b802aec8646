/**
 * Where each line lies when lines take 0 (folded), 1 or several (wrapped) rows: prefix sums over rows.
 * Built in one pass, so that a million lines are indexed in some milliseconds.
 */
export class RowIndex {
  private readonly ends: Uint32Array;
  readonly lines: number;

  /** @param rowsOf rows that a line takes */
  constructor(lines: number, rowsOf: (line: number) => number) {
    this.lines = lines;
    this.ends = new Uint32Array(lines);
    let sum = 0;
    for (let i = 0; i < lines; i += 1) {
      sum += rowsOf(i);
      this.ends[i] = sum;
    }
  }

  /** All rows. */
  get total(): number {
    return this.lines === 0 ? 0 : (this.ends[this.lines - 1] ?? 0);
  }

  /** First row of a line. */
  top(line: number): number {
    return line <= 0 ? 0 : (this.ends[Math.min(line, this.lines) - 1] ?? 0);
  }

  /** The line that shows at a row. */
  lineAt(row: number): number {
    let low = 0;
    let high = this.lines;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.ends[middle] ?? 0) > row) high = middle;
      else low = middle + 1;
    }
    return Math.min(low, Math.max(this.lines - 1, 0));
  }
}
