import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { permissions } from '../../contracts/identity/permissions.ts';
import { expandPatterns, withInherited } from './permission-set.ts';

describe('patterns of permissions', () => {
  it('give what they cover and what that implies [B-RBAC-02]', () => {
    expect([...expandPatterns(['*:*'])].sort()).toEqual([...permissions].sort());
    expect([...expandPatterns(['users:*'])]).toEqual(['users:read', 'users:write']);
    expect([...expandPatterns(['project:write'])].sort()).toEqual([
      'issue:read',
      'issue:write',
      'pipeline:read',
      'pipeline:run',
      'project:read',
      'project:write',
    ]);
    expect(expandPatterns(['nothing:known', 'project', ''])).toEqual(new Set());
  });
});

describe('inheritance of roles', () => {
  it('ends for any graph, with every role that can be reached [B-RBAC-05]', () => {
    const edges = fc.array(fc.tuple(fc.nat(7), fc.nat(7)), { maxLength: 30 });
    fc.assert(
      fc.property(edges, (pairs) => {
        const inherits = new Map<string, string[]>();
        for (const [from, to] of pairs)
          inherits.set(`${from}`, [...(inherits.get(`${from}`) ?? []), `${to}`]);
        const found = withInherited(['0'], inherits);
        for (const role of found)
          for (const next of inherits.get(role) ?? []) expect(found).toContain(next);
        expect(found).toContain('0');
      }),
    );
  });
});
