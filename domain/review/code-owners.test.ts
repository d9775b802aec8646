import { describe, expect, it } from '@jest/globals';
import { ownerPatternMatches, ownerRulesOf, parseCodeOwners } from './code-owners.ts';

describe('code owners', () => {
  it.each([
    ['*', 'a/b/c.ts', true],
    ['*.ts', 'a/b/c.ts', true],
    ['*.ts', 'a/b/c.js', false],
    ['/docs/', 'docs/a/b.md', true],
    ['/docs/', 'x/docs/a.md', false],
    ['docs/', 'x/docs/a.md', true],
    ['docs/*', 'docs/a.md', true],
    ['docs/*', 'docs/a/b.md', false],
    ['/src', 'src/a/b.ts', true],
    ['src/**/gen', 'src/a/b/gen/c.ts', true],
    ['Makefile', 'a/Makefile', true],
  ])('have %s match %s: %s [A-MR-04]', (pattern, path, matches) => {
    expect(ownerPatternMatches(pattern, path)).toBe(matches);
  });

  it('are those of the last line that matches, and nobody where that names none [A-MR-04]', () => {
    const rules = parseCodeOwners(
      '# all\n*  @Ann bob@example.test # both\n\n/docs/ @cat\n/gen/\n!/x @dan\n',
    );
    expect(rules.map((rule) => rule.owners)).toEqual([['ann', 'bob@example.test'], ['cat'], []]);
    const owned = ownerRulesOf(rules, ['a.ts', 'docs/a.md', 'gen/a.ts', 'b.ts']);
    expect([...owned].map(([rule, paths]) => [rule.pattern, paths])).toEqual([
      ['*', ['a.ts', 'b.ts']],
      ['/docs/', ['docs/a.md']],
    ]);
  });
});
