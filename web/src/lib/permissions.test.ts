import { describe, expect, it } from '@jest/globals';
import { oneOf } from './one-of.ts';
import { holds } from './permissions.ts';

describe('what is shown to whom', () => {
  it('covers a permission by itself and by a wildcard on either side, and by nothing else [A-UI-08]', () => {
    expect(holds(['project:read'], 'project:read')).toBe(true);
    expect(holds(['*:read'], 'users:read')).toBe(true);
    expect(holds(['admin:*'], 'admin:users')).toBe(true);
    expect(holds(['*:*'], 'audit:read')).toBe(true);
    expect(holds(['project:read', '*:write'], 'users:read')).toBe(false);
    expect(holds([], 'project:read')).toBe(false);
  });

  it('takes from an address only what a filter knows [A-UI-04]', () => {
    expect(oneOf(['running', 'failure'], 'failure')).toBe('failure');
    expect(oneOf(['running', 'failure'], 'anything')).toBeUndefined();
    expect(oneOf(['running'], undefined)).toBeUndefined();
  });
});
