import { describe, expect, it } from '@jest/globals';
import { tellsOfFailure } from './first-failure.ts';

describe('a line of output', () => {
  it('tells of a failure in the words of compilers and test runners, in colours or not', () => {
    const lines = ['Error: the total is wrong', '[FAIL] a.test.ts', 'fatal: not a repository'];
    expect(lines.map(tellsOfFailure)).toEqual([true, true, true]);
    expect(tellsOfFailure('\u001b[31merror\u001b[0m: no such file')).toBe(true);
  });

  it('tells of none when it counts none', () => {
    const lines = ['0 errors', 'no failures', 'failed: 0', 'errorless.ts', 'all is well'];
    expect(lines.map(tellsOfFailure)).toEqual([false, false, false, false, false]);
  });
});
