import { createRequire } from 'node:module';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { globProblem, matchesGlob, pathGlobProblem, pathMatcher } from './glob.ts';

// The library has no types.
const picomatch = createRequire(import.meta.url)('picomatch') as (
  pattern: string,
  options: object,
) => (text: string) => boolean;

describe('matchesGlob', () => {
  it.each([
    ['main', 'main', true],
    ['main', 'Main', false],
    ['release/*', 'release/1.2', true],
    ['release/*', 'release/1/2', false],
    ['release/**', 'release/1/2', true],
    ['**', 'anything/at/all', true],
    ['dist/**', 'dist/a/b.js', true],
    ['dist/**', 'dist', true],
    ['**/*.ts', 'a.ts', true],
    ['**/*.ts', 'a/b/c.ts', true],
    ['src/**/test?.js', 'src/x/y/test1.js', true],
    ['{main,release/*}', 'release/2', true],
    ['{main,release/*}', 'feature', false],
    ['v[0-9].*', 'v1.0', true],
    ['v[!0-9].*', 'v1.0', false],
    ['[]a]', ']', true],
    ['a\\*c', 'a*c', true],
    ['a\\*c', 'abc', false],
    ['*', '', true],
    ['a?c', 'ac', false],
  ])('%s on %s is %s [A-PIPE-01]', (pattern, text, expected) => {
    expect(matchesGlob(pattern, text)).toBe(expected);
  });

  it('answers as picomatch does, which other tools use [A-PIPE-01]', () => {
    const piece = fc.constantFrom('a', 'b', '.', '*', '?', '[ab]', '[^a]', '{a,b}', '{a,ab}');
    const segment = fc.oneof(
      fc.constant('**'),
      fc.array(piece, { minLength: 1, maxLength: 4 }).map((pieces) => pieces.join('')),
    );
    const pattern = fc
      .array(segment, { minLength: 1, maxLength: 3 })
      .map((segments) => segments.join('/'))
      // Left out is what they answer in two ways: two stars within a name (as much as one, with us), whether `a/**` is
      // `a` itself, and parts of dots alone, which are no names.
      .filter((one) => !/\*\*[^/]|[^/]\*\*|.\/\*\*$/.test(one))
      .filter((one) => !/(^|[/{,])\.+($|[/},])/.test(one));
    const name = fc
      .array(fc.constantFrom('a', 'b', 'c'), { minLength: 1, maxLength: 4 })
      .map((letters) => letters.join(''));
    const text = fc.array(name, { minLength: 1, maxLength: 4 }).map((names) => names.join('/'));
    fc.assert(
      fc.property(pattern, text, (glob, path) => {
        expect({ glob, path, is: matchesGlob(glob, path) }).toEqual({
          glob,
          path,
          is: picomatch(glob, { dot: true, nonegate: true, noextglob: true })(path),
        });
      }),
      { numRuns: 3000 },
    );
  });

  it('answers a hostile pattern at once [A-PIPE-01]', () => {
    const started = performance.now();
    expect(matchesGlob('*a'.repeat(200) + 'b', 'a'.repeat(5000))).toBe(false);
    expect(matchesGlob('{a,b}'.repeat(30), 'a'.repeat(30))).toBe(false);
    expect(pathMatcher('**/a/'.repeat(100) + 'b', 'any')('a/'.repeat(500))).toBe(false);
    expect(performance.now() - started).toBeLessThan(30_000);
  });
});

describe('pathMatcher', () => {
  it.each([
    ['docs/', 'docs/a/b.md', true],
    ['docs/', 'web/docs/b.md', false],
    ['./docs/**', 'docs/b.md', true],
    ['/docs/**', 'docs/b.md', true],
    ['docs//a', 'docs/a', true],
    ['docs', 'docs/b.md', true],
    ['docs', 'docs', true],
    ['doc', 'docs/b.md', false],
    ['src/*', 'src/a.ts', true],
    ['src/*', 'src/deep/a.ts', false],
    ['src/*/', 'src/deep/a.ts', true],
    ['{docs/,/web}', 'web/x', true],
    ['*.md', 'docs/a.md', false],
    ['**/*.md', 'docs/a.md', true],
  ])('%s over the changed file %s is %s [A-PIPE-01]', (glob, path, expected) => {
    expect(pathMatcher(glob, 'names')(path)).toBe(expected);
  });

  it.each([
    ['dist/**', 'dist/a/b.js', true],
    ['dist', 'dist/a/b.js', true],
    ['./dist/', 'dist/x', true],
    ['dist/*.js', 'dist/x.js', true],
    ['dist/*.js', 'dist/deep/x.js', false],
    ['dist/*', 'dist/deep/x.js', true],
    ['**/*.js', 'x.js', true],
    ['a/**/z', 'a/z', true],
    ['a/**/z', 'a/b/c/z', true],
    ['a/**/z', 'b/z', false],
    ['?.txt', 'ab.txt', false],
    ['[!a-c].txt', 'b.txt', false],
    ['*.{js,css}', 'x.css', true],
    ['{a,b}/{c,d}', 'b/c', true],
    ['a.b', 'aXb', false],
    ['*', 'any', true],
    ['di', 'dist', false],
    ['[', '[', true],
  ])('%s collects the artifact %s: %s [A-PIPE-07]', (glob, path, expected) => {
    expect(pathMatcher(glob, 'any')(path)).toBe(expected);
  });
});

describe('a pattern that matches nothing', () => {
  it('is told apart, with the reason [A-PIPE-01]', () => {
    expect(globProblem('{a,b}'.repeat(7))).toBe('it stands for more than 64 alternatives');
    expect(pathGlobProblem('../docs')).toBe('a ".." leads out of the repository');
    expect(pathGlobProblem('./')).toBe('it names no file: "**" is all of them');
    expect(pathGlobProblem('/docs/**')).toBeNull();
  });
});
