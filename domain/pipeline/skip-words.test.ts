import { describe, expect, it } from '@jest/globals';
import { skipWordOf } from './skip-words.ts';

describe('a commit message', () => {
  it.each([
    ['docs [skip ci]', '[skip ci]'],
    ['docs\n\nlater [CI skip]', '[CI skip]'],
    ['[no ci] docs', '[no ci]'],
    ['x [skip actions]', '[skip actions]'],
    ['docs\n\nmore\n\nskip-checks: true', 'skip-checks: true'],
    ['docs\n\nmore\n\n\nSkip-Checks:true\nSigned-off-by: Ann', 'Skip-Checks:true'],
    ['skip-checks: true', null],
    ['docs\n\nskip-checks: true\n\nno, do not', null],
    ['docs\n\nskip-checks: false', null],
    ['skip ci', null],
  ])('%j asks for no run by %j', (message, word) => {
    expect(skipWordOf(message)).toBe(word);
  });
});
