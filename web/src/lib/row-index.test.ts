import { describe, expect, it } from '@jest/globals';
import { RowIndex } from './row-index.ts';

describe('rows of wrapped and folded lines', () => {
  it('finds the line at a row and the first row of a line [A-UI-04]', () => {
    const index = new RowIndex(4, (line) => [1, 3, 0, 2][line] ?? 1);
    expect(index.total).toBe(6);
    expect([0, 1, 2, 3, 4, 5].map((row) => index.lineAt(row))).toEqual([0, 1, 1, 1, 3, 3]);
    expect(index.top(1)).toBe(1);
    expect(index.top(3)).toBe(4);
  });

  it('answers for an empty log and for rows past the end [A-UI-04]', () => {
    expect(new RowIndex(0, () => 1).total).toBe(0);
    expect(new RowIndex(2, () => 1).lineAt(99)).toBe(1);
  });
});
