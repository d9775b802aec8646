import { describe, expect, it } from '@jest/globals';
import { closingReferences } from './closing-references.ts';

describe('references that close', () => {
  it.each([
    ['closes #12', [12]],
    ['This Fixes: #3, #4 and #5, but not #6.', [3, 4, 5]],
    ['resolved #7\n\nFixed #7 again, closed #8', [7, 8]],
    ['see #9, discloses #10, close 11', []],
    ['', []],
  ])('are read out of %j [A-ISS-03]', (text, numbers) => {
    expect(closingReferences(text)).toEqual(numbers);
  });

  it('are read in time linear to the text', () => {
    expect(closingReferences('closes #1 and '.repeat(20_000) + 'fixes ')).toEqual([1]);
    expect(closingReferences(`closes ${'#1 , '.repeat(40_000)}`)).toEqual([1]);
  });
});
