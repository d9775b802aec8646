import { describe, expect, it } from '@jest/globals';
import { foreignRevert } from './foreign-revert.ts';

const bad = 'b'.repeat(40);
const elsewhere = { repoUrl: 'https://git.example/acme/ops.git', branch: 'live' };
const from = (previous: string | null) => ({
  revision: { opsRepoSha: bad },
  previous: { opsRepoSha: previous },
});

describe('what has to be taken back by hand', () => {
  it('is the commit of a foreign ops repository, named with address and branch [A-DEP-08]', () => {
    const said = foreignRevert(elsewhere, from('a'.repeat(40)));
    expect(said).toContain(`Revert commit ${bad} in ${elsewhere.repoUrl} (branch live)`);
  });

  it.each([
    [
      'the ops repository is one of this platform',
      { ...elsewhere, repoUrl: '/acme/ops.git' },
      from(null),
    ],
    ['the manifests lie beside the code', null, from(null)],
    ['its commit was not new', elsewhere, from(bad)],
    ['there is nothing to go back to', elsewhere, { ...from(null), previous: null }],
  ])('is nothing when %s [A-DEP-08]', (_, opsRepo, revisions) => {
    expect(foreignRevert(opsRepo, revisions)).toBeNull();
  });
});
