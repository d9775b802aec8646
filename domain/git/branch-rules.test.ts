import { describe, expect, it } from '@jest/globals';
import { ruleCovers } from './branch-rules.ts';

describe('a rule for branches', () => {
  it('covers what its pattern says, whatever the case', () => {
    const covers = (pattern: string, branch: string) => ruleCovers({ pattern }, branch);
    expect(covers('release/*', 'Release/1.2')).toBe(true);
    expect(covers('release/*', 'release/1/2')).toBe(false);
    expect(covers('feature-*-v?.?.?', `feature-${'-v1.1-'.repeat(30)}`)).toBe(false);
    expect(covers('**/*-[0-9]', 'a/b-7')).toBe(true);
  });

  it('covers a branch that its pattern takes too long to be compared with, and does not go on [A-GIT-03]', () => {
    const pattern = `*?${'a'.repeat(120)}b`;
    expect(ruleCovers({ pattern }, 'a'.repeat(240))).toBe(true);
    expect(ruleCovers({ pattern }, 'main')).toBe(false);
  });
});
