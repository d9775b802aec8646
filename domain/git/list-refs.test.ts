import { describe, expect, it } from '@jest/globals';
import type { Db } from '../shared/db.ts';
import { listBranchesOf } from './list-refs.ts';

const noRules = { protectedBranch: { findMany: async () => [] } } as unknown as Db;
const project = { id: 'prj_1', repoPath: 'a.git', defaultBranch: 'main' };

/** In the order of git. */
const gitWith = (...names: string[]) => ({
  listBranches: async () =>
    names.map((name) => ({ name, sha: '0'.repeat(40), subject: '', committedAt: '' })),
});

async function pageOf(names: string[], options: { q?: string; cursor?: string; limit?: number }) {
  const asked = { limit: 2, ...options };
  const { items, next } = await listBranchesOf(noRules, gitWith(...names), project, asked);
  return { names: items.map(({ name }) => name), next };
}

describe('branches of a repository', () => {
  it('are found by a part of their name as it is written, whatever its case', async () => {
    const names = ['Zeta/fix_1', 'main', 'rate-10%', 'zeta/fix-1', 'zeta/fixa1'];
    expect((await pageOf(names, { q: 'FIX_1' })).names).toEqual(['Zeta/fix_1']);
    expect((await pageOf(names, { q: '%' })).names).toEqual(['rate-10%']);
    expect((await pageOf(names, { q: 'zeta', limit: 9 })).names).toHaveLength(3);
    expect(await pageOf(names, { q: 'zeta' })).toEqual({
      names: ['Zeta/fix_1', 'zeta/fix-1'],
      next: 'zeta/fix-1',
    });
  });

  it('go on behind a branch that has been removed since its page was shown', async () => {
    const names = ['a', 'b', 'c', 'd', 'e', 'main'];
    expect(await pageOf(names, {})).toEqual({ names: ['main', 'a'], next: 'a' });
    const left = names.filter((name) => name !== 'a');
    expect((await pageOf(left, { cursor: 'a' })).names).toEqual(['b', 'c']);
    expect((await pageOf(['Ä', 'main'], { cursor: 'ö' })).names).toEqual([]);
  });
});
