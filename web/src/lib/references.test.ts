import { describe, expect, it } from '@jest/globals';
import { splitReferences } from './references.ts';

const found = (text: string): string[] =>
  splitReferences(text).flatMap(({ refersTo }) =>
    refersTo ? [`${refersTo.kind} ${refersTo.value}`] : [],
  );

describe('splitReferences', () => {
  it('finds issues, merge requests and commits, and loses nothing of the text [A-UI-03]', () => {
    const text = 'Closes #12 and !3, see 54fbad9 (or #7).';
    expect(found(text)).toEqual(['issue 12', 'merge-request 3', 'commit 54fbad9', 'issue 7']);
    expect(
      splitReferences(text)
        .map((part) => part.text)
        .join(''),
    ).toBe(text);
  });

  it('takes words, plain numbers, addresses and anchors for what they are [A-UI-03]', () => {
    expect(
      found('defaced 1234567 a/b#12 x#3 page.html#4 #5th http://a/54fbad9/ &#35; !important'),
    ).toEqual([]);
  });
});
