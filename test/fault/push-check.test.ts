import { chmod, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import {
  commitOn,
  headOf,
  killLike,
  makePlace,
  startFaultyGitServer,
  type FaultyGitServer,
  type Place,
} from '../support/faulty-git.ts';
import { rawPush } from '../support/git-raw-push.ts';
import { git } from '../support/git-server.ts';

// Many git processes; a loaded machine takes its time.
jest.setTimeout(240_000);

let server: FaultyGitServer;

beforeAll(async () => {
  server = await startFaultyGitServer();
}, 240_000);

afterAll(() => server.stop());

describe('a check that breaks (D3)', () => {
  let here: Place;
  let next: string;

  beforeAll(async () => {
    here = await makePlace(server, 'checked');
    next = await commitOn(here.tree, here.base, 'next');
  });
  afterAll(() => here.tree.remove());

  async function expectRefused(words?: string): Promise<void> {
    const push = await git(here.tree.dir, ['push', 'origin', `${next}:refs/heads/main`], {
      token: server.ann.token,
    });
    expect(push.code).not.toBe(0);
    if (words !== undefined) expect(push.stderr).toContain(words);
    expect(await headOf(here.repository)).toBe(here.base);
    expect((await git(here.repository.dir, ['cat-file', '-e', next])).code).not.toBe(0);
  }

  it('refuses when the hook is killed while it waits', async () => {
    let killed = 0;
    server.faults.meddle = async () => {
      killed += await killLike('hooks/pre-receive');
      await new Promise((resolve) => setTimeout(resolve, 200));
    };
    await expectRefused();
    server.faults.meddle = null;
    expect(killed).toBeGreaterThan(0);
  });

  it('refuses when the check throws, and says nothing of why', async () => {
    server.faults.checkBreaks = true;
    await expectRefused('could not check this push');
    server.faults.checkBreaks = false;
    expect(server.errors.join()).toContain('the check of a push failed');
    server.errors.length = 0;
  });

  it('refuses when the decision itself is lost', async () => {
    server.faults.meddle = () => Promise.reject(new Error('lost'));
    await expectRefused('could not check this push');
    server.faults.meddle = () => Promise.resolve();
    await expectRefused('could not check this push');
    server.faults.meddle = null;
  });

  it('refuses when the check does not end in time, even if it would say yes later', async () => {
    let late: Promise<void> = Promise.resolve();
    server.faults.meddle = (_push, check) =>
      (late = new Promise((resolve) => setTimeout(resolve, 3000)).then(check));
    await expectRefused('could not check this push');
    await late;
    server.faults.meddle = null;
    expect(await headOf(here.repository)).toBe(here.base);
  }, 240_000);

  it('puts hooks back that were removed, changed or made unusable, and refuses through them', async () => {
    const hook = path.join(server.home, 'hooks/pre-receive');
    const damages = [
      () => rm(hook),
      () => chmod(hook, 0o644),
      () => writeFile(hook, '#!/bin/sh\nexit 0\n'),
      () => rm(path.dirname(hook), { recursive: true }),
    ];
    for (const damage of damages) {
      await damage();
      const push = await git(here.tree.dir, ['push', 'origin', `${next}:main`], {
        token: server.viewer.token,
      });
      expect(push.stderr).toContain('project:write');
      expect(await headOf(here.repository)).toBe(here.base);
    }
  });

  it.each([
    ['50,000 refs', 50_000, 0],
    ['10 MB of refs', 50_000, 150],
    ['one more than allowed', 5001, 0],
  ])(
    'refuses %s in words, and takes none of them',
    async (_what, count, padding) => {
      const updates = Array.from({ length: count }, (_, n) => ({
        ref: `refs/heads/many-${'x'.repeat(padding)}${String(n)}`,
        newSha: next,
      }));
      const { status, text } = await rawPush(here.repository, server.ann, here.tree.dir, updates);
      expect(status).toBe(200);
      expect(text).toContain('pre-receive hook declined');
      expect(await server.store.listRefs('ann/checked.git')).toHaveLength(1);
      expect((await git(here.repository.dir, ['cat-file', '-e', next])).code).not.toBe(0);
    },
    240_000,
  );

  it('checks and records every one of 5,000 refs', async () => {
    const updates = Array.from({ length: 5000 }, (_, n) => ({
      ref: `refs/tags/t${String(n)}`,
      newSha: next,
    }));
    const protectedOne = [...updates.slice(0, 4999), { ref: 'refs/heads/-bad', newSha: next }];
    const bad = await rawPush(here.repository, server.ann, here.tree.dir, protectedOne);
    expect(bad.text).toContain('pre-receive hook declined');
    expect(await server.store.listRefs('ann/checked.git')).toHaveLength(1);
    const good = await rawPush(here.repository, server.ann, here.tree.dir, updates);
    expect(good.text).toContain('ok refs/tags/t4999');
    expect(await server.db.gitRef.count({ where: { projectId: here.repository.id } })).toBe(5001);
  }, 240_000);

  it('would be skipped if silence meant yes: the mutant is seen', async () => {
    server.faults.meddle = async (push) => {
      (await push.accept())?.finish([]);
    };
    const push = await git(here.tree.dir, ['push', 'origin', `${next}:refs/heads/main`], {
      token: server.viewer.token,
    });
    server.faults.meddle = null;
    expect(push.code).toBe(0);
    expect(await headOf(here.repository)).toBe(next);
  });
});
