import { beforeAll, describe, expect, it } from '@jest/globals';
import { stepUid } from '../../adapters/sandbox/options.ts';
import { runInside, type SeenInside } from '../support/exec-bench.ts';

describe('a command inside of a running application', () => {
  let seen: SeenInside;

  beforeAll(async () => {
    seen = await runInside();
  }, 60_000);

  it('is led inside by no program of the application, whatever lies in the place of our tools [A-DEP-07]', () => {
    expect(seen).toMatchObject({ ownTools: [], problem: null });
  });

  it('has the rights and the namespaces of the application and no more [A-DEP-07]', () => {
    expect(seen.status).toMatch(new RegExp(`^Uid:(\\s+${String(stepUid)}){4}$`, 'm'));
    for (const set of ['CapInh', 'CapPrm', 'CapEff', 'CapAmb']) {
      expect(seen.status).toMatch(new RegExp(`^${set}:\\s+0+$`, 'm'));
    }
    expect(seen.status).toMatch(/^NoNewPrivs:\s+1$/m);
    expect(seen.status).toMatch(/^Groups:\s*$/m);
    expect(seen.namespaces).toMatch(/^user:.*\nmnt:.*\npid:.*\nipc:.*\nuts:.*\nnet:.*\n$/);
    expect(seen.namespaces).toBe(seen.namespacesOfApp);
  });
});
