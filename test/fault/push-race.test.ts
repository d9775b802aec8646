import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import type { GitPushedPayload } from '../../contracts/event/types.ts';
import { repairRefs } from '../../domain/git/repair-refs.ts';
import {
  commitOn,
  eventsOf,
  headOf,
  makePlace,
  startFaultyGitServer,
  type FaultyGitServer,
} from '../support/faulty-git.ts';
import { zeroSha } from '../support/git-raw-push.ts';
import { git, gitBytes } from '../support/git-server.ts';
import { Ledger } from '../support/ledger.ts';

// Many git processes; a loaded machine takes its time.
jest.setTimeout(240_000);

let server: FaultyGitServer;

beforeAll(async () => {
  server = await startFaultyGitServer();
}, 240_000);

afterAll(() => server.stop());

describe('fifty pushers on one ref (D5)', () => {
  it('have one winner for each state of the ref, and lose no acknowledged commit [A-GIT-01]', async () => {
    const { repository, tree, base } = await makePlace(server, 'crowd');
    const ledger = new Ledger('D5');
    let at = base;
    for (let round = 0; round < 3; round += 1) {
      const shas: string[] = [];
      for (let n = 0; n < 50; n += 1) {
        shas.push(await commitOn(tree, at, `round ${String(round)} pusher ${String(n)}`));
      }
      const results = await Promise.all(
        shas.map(async (sha) => {
          ledger.ask(sha);
          const push = await git(tree.dir, ['push', 'origin', `${sha}:refs/heads/main`], {
            token: server.ann.token,
          });
          if (push.code === 0) ledger.acknowledge(sha);
          else ledger.fault('lost the race');
          return push.code;
        }),
      );
      expect(results.filter((code) => code === 0)).toHaveLength(1);
      at = await headOf(repository);
      expect(shas).toContain(at);
    }
    expect(ledger.faultCount).toBe(147);
    const log = await gitBytes(repository.dir, ['rev-list', 'main', `^${base}`]);
    expect(ledger.check(log.toString().trim().split('\n'))).toEqual({
      lost: [],
      doubled: [],
      unasked: [],
    });
    const events = await eventsOf(server, repository.id, 'git.pushed');
    const moves = events.map((event) => (event.payload as unknown as GitPushedPayload).updates[0]);
    expect(moves).toHaveLength(4);
    moves.forEach((move, n) => {
      expect(move?.oldSha).toBe(n === 0 ? zeroSha : moves[n - 1]?.newSha);
    });
    expect(server.errors).toEqual([]);
    await tree.remove();
  }, 240_000);

  it('record each of 30 forced pushes in the order in which the ref moved', async () => {
    const { repository, tree, base } = await makePlace(server, 'forced');
    const shas: string[] = [];
    for (let n = 0; n < 30; n += 1) shas.push(await commitOn(tree, base, `forced ${String(n)}`));
    const pushes = await Promise.all(
      shas.map((sha) =>
        git(tree.dir, ['push', '-f', 'origin', `${sha}:refs/heads/main`], {
          token: server.ann.token,
        }),
      ),
    );
    const accepted = shas.filter((_, n) => pushes[n]?.code === 0);
    const events = await eventsOf(server, repository.id, 'git.pushed');
    const moves = events.map((event) => (event.payload as unknown as GitPushedPayload).updates[0]);
    expect(
      moves
        .slice(1)
        .map((move) => move?.newSha)
        .sort(),
    ).toEqual([...accepted].sort());
    moves.slice(1).forEach((move, n) => {
      expect(move?.oldSha).toBe(moves[n]?.newSha);
    });
    const [ref] = await server.db.gitRef.findMany({ where: { projectId: repository.id } });
    expect(ref?.sha).toBe(await headOf(repository));
    await tree.remove();
  }, 240_000);
});

describe('a push whose record fails', () => {
  it('is recorded by repository care as of whoever pushed, once, however often and at once it runs [A-GIT-06]', async () => {
    const { repository, tree, base } = await makePlace(server, 'unrecorded');
    const sha = await commitOn(tree, base, 'unrecorded');
    server.faults.recordBreaks = true;
    const push = await git(tree.dir, ['push', 'origin', `${sha}:refs/heads/main`], {
      token: server.ann.token,
    });
    server.faults.recordBreaks = false;
    expect(push.code).toBe(0);
    expect(await headOf(repository)).toBe(sha);
    expect(await eventsOf(server, repository.id, 'git.pushed')).toHaveLength(1);
    expect(server.errors.join()).toContain('was not recorded');
    server.errors.length = 0;
    await Promise.all(
      Array.from({ length: 5 }, () => repairRefs(server.db, server.store, repository.id)),
    );
    await repairRefs(server.db, server.store, repository.id);
    const [, repaired, ...more] = await eventsOf(server, repository.id, 'git.pushed');
    expect(more).toEqual([]);
    expect(repaired?.payload).toMatchObject({
      pusherId: server.ann.id,
      updates: [{ ref: 'refs/heads/main', oldSha: base, newSha: sha }],
    });
    const [told] = await eventsOf(server, repository.id, 'git.ref_repaired');
    expect(told?.changeId).toBe(repaired?.changeId);
    expect(await server.db.push.count({ where: { projectId: repository.id } })).toBe(2);
    await tree.remove();
  }, 240_000);

  it('is not taken for missing while pushes are under way', async () => {
    const { repository, tree, base } = await makePlace(server, 'beside');
    let at = base;
    let isOver = false;
    const care = (async () => {
      let runs = 0;
      while (!isOver) {
        expect(await repairRefs(server.db, server.store, repository.id)).toBe(0);
        runs += 1;
      }
      return runs;
    })();
    for (let n = 0; n < 15; n += 1) {
      at = await commitOn(tree, at, `push ${String(n)}`);
      const push = await git(tree.dir, ['push', '-q', 'origin', `${at}:refs/heads/main`], {
        token: server.ann.token,
      });
      expect(push.code).toBe(0);
    }
    isOver = true;
    expect(await care).toBeGreaterThan(0);
    expect(await eventsOf(server, repository.id, 'git.pushed')).toHaveLength(16);
    expect(await eventsOf(server, repository.id, 'git.ref_repaired')).toHaveLength(0);
    await tree.remove();
  }, 240_000);
});
