import { describe, expect, it } from '@jest/globals';
import { safeReturnPath } from './return-path.ts';

describe('return path after signing in', () => {
  it('keeps paths of the same origin with query and hash [A-UI-01]', () => {
    expect(safeReturnPath('/pipelines/run_1?step=test#L12', 'https://here')).toBe(
      '/pipelines/run_1?step=test#L12',
    );
  });

  it('refuses everything that could lead elsewhere [A-UI-01]', () => {
    const bad = [
      '//evil',
      '/\\evil',
      'https://evil',
      'javascript:alert(1)',
      '/\t/evil',
      '',
      'x',
      '/sign-in?return=/',
    ];
    for (const path of bad) expect(safeReturnPath(path, 'https://here')).toBe('/');
    expect(safeReturnPath(undefined, 'https://here')).toBe('/');
  });
});
