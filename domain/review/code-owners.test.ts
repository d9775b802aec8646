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

  it('are those of the last line that matches, and nobody where that names none [A-MR-04]', async () => {
    const { rules, faults } = parseCodeOwners(
      '# all\n*  @Ann bob@example.test # both\n\n/docs/ @cat\n/gen/\nmy\\ file @dan\n',
    );
    expect(faults).toEqual([]);
    expect(rules.map((rule) => rule.owners)).toEqual([
      ['ann', 'bob@example.test'],
      ['cat'],
      [],
      ['dan'],
    ]);
    const owned = await ownerRulesOf(rules, ['a.ts', 'docs/a.md', 'gen/a.ts', 'b.ts', 'x/my file']);
    expect([...(owned ?? [])].map(([rule, paths]) => [rule.pattern, paths])).toEqual([
      ['*', ['a.ts', 'b.ts']],
      ['/docs/', ['docs/a.md']],
      ['my\\ file', ['x/my file']],
    ]);
  });

  it('tells the lines that it does not understand, and reads the others [A-MR-04]', () => {
    const alternatives = `{${Array.from({ length: 65 }, (_, n) => String(n)).join(',')}}`;
    const text = `* @ann\n!/x @dan\n[Docs] @cat\n^[Docs][2] @cat\n[ab].txt @cat\n${alternatives} @cat\n`;
    const { rules, faults } = parseCodeOwners(text);
    expect(rules.map(({ pattern, line }) => [pattern, line])).toEqual([
      ['*', 1],
      ['[ab].txt', 5],
    ]);
    expect(faults.map((fault) => fault.split(':')[0])).toEqual(
      [2, 3, 4, 6].map((line) => `line ${String(line)}`),
    );
    expect(faults.join('\n')).toContain('sections are not known here');
  });

  it.each([
    [
      'many that each take long',
      `/*${'a'.repeat(1900)}b @x\n`.repeat(500),
      'a'.repeat(4000),
      [null, 0],
    ],
    [
      'alternatives',
      `/{${'*aaaaaaaaaab,'.repeat(60)}c}*${'a'.repeat(1900)}b @x\n`.repeat(100),
      'a'.repeat(4000),
      [null, 0],
    ],
    [
      'folders',
      `/**${'/a'.repeat(900)}/b @x\n`.repeat(500),
      Array(2000).fill('a').join('/'),
      [null],
    ],
    ['classes', `/*${'[ab'.repeat(300_000)} @x\n`, 'a'.repeat(4000), [null]],
  ])(
    'that take long to be compared (%s) are compared in turns or given up, and hold up nobody [A-MR-04]',
    async (_what, text, path, expected) => {
      let last = performance.now();
      let longestMs = 0;
      const timer = setInterval(() => {
        longestMs = Math.max(longestMs, performance.now() - last);
        last = performance.now();
      }, 10);
      const owned = await ownerRulesOf(parseCodeOwners(text).rules, [path, `${path}c`]);
      clearInterval(timer);
      // which of both depends on how long a text is: none is owned by what does not fit
      expect(expected).toContain(owned === null ? null : owned.size);
      expect(Math.max(longestMs, performance.now() - last)).toBeLessThan(1000);
    },
  );

  it('of a large project are told [A-MR-04]', async () => {
    const text = Array.from({ length: 500 }, (_, at) => `/src/part${String(at)}/*.ts @x`).join(
      '\n',
    );
    const paths = Array.from({ length: 500 }, (_, at) => `src/part${String(at)}/a.ts`);
    expect((await ownerRulesOf(parseCodeOwners(text).rules, paths))?.size).toBe(500);
  });
});
