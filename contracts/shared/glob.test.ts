import { describe, expect, it } from '@jest/globals';
import { matchesGlob } from './glob.ts';

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
    ['*', '', true],
    ['a?c', 'ac', false],
  ])('%s on %s is %s [A-PIPE-01]', (pattern, text, expected) => {
    expect(matchesGlob(pattern, text)).toBe(expected);
  });

  it('answers a hostile pattern at once [A-PIPE-01]', () => {
    const started = performance.now();
    expect(matchesGlob('*a'.repeat(200) + 'b', 'a'.repeat(5000))).toBe(false);
    expect(matchesGlob('{a,b}'.repeat(30), 'a'.repeat(30))).toBe(false);
    expect(performance.now() - started).toBeLessThan(30_000);
  });
});
