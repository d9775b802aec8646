import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { withPushLock } from '../../domain/git/push-lock.ts';
import { git, startGitServer, type GitServer, type TestUser } from '../support/git-server.ts';
import { reviewProject, type ReviewProject } from '../support/review-steps.ts';

jest.setTimeout(240_000);

let server: GitServer;
let ann: TestUser;
const made: ReviewProject[] = [];

beforeAll(async () => {
  server = await startGitServer();
  ann = await server.user('ann', 'developer', 'maintainer');
}, 240_000);

afterAll(async () => {
  await Promise.all(made.map(({ tree }) => tree.remove()));
  await server.stop();
});

async function project(name: string) {
  const p = await reviewProject(server, ann, name);
  made.push(p);
  return p;
}

/** Has work begin and wait for its turn to move refs, changes something meanwhile, and lets it go on. */
async function meanwhile<T>(
  { repository: { id } }: ReviewProject,
  work: () => Promise<T>,
  isWaiting: () => Promise<boolean>,
  change: () => Promise<unknown>,
): Promise<T> {
  let letGo = (): void => undefined;
  const held = new Promise<void>((resolve) => {
    letGo = resolve;
  });
  const holding = withPushLock(server.db, id, () => held);
  const done = work();
  for (let tries = 0; !(await isWaiting()); tries += 1) {
    if (tries > 600) throw new Error('it does not wait');
    await pause(20);
  }
  await change();
  // What waits for less is as if it had come before.
  await pause(300);
  letGo();
  await holding;
  return await done;
}

const close = (p: ReviewProject, pattern: string, more = {}) =>
  p.api(ann, 'POST', '/protected-branches', { pattern, ...more });

describe('a merge that waits for its turn', () => {
  const merging = async (p: ReviewProject, by: TestUser, change: () => Promise<unknown>) => {
    await p.push('topic', { 'a.txt': 'a\n' });
    const { number, id } = await p.open('topic');
    const at = `/merge-requests/${String(number)}/merge`;
    return await meanwhile(
      p,
      () => p.api<{ code: string }>(by, 'POST', at, {}),
      async () =>
        (await server.db.mergeRequest.findUniqueOrThrow({ where: { id } })).mergeIntent !== null,
      change,
    );
  };

  it('is judged by the rules of the branch as they are then [A-MR-04]', async () => {
    const p = await project('new-rule');
    const answer = await merging(p, ann, () => close(p, 'main', { requiredApprovals: 1 }));
    expect(answer).toMatchObject({ status: 409, body: { code: 'merge_blocked' } });
    expect(await p.shaOf('main')).toBe(p.main);
  });

  it('is done by somebody who may still write then [A-MR-04]', async () => {
    const p = await project('left-merge');
    const bob = await server.user('bob', 'developer');
    const leave = () => server.db.userRole.deleteMany({ where: { userId: bob.id } });
    const answer = await merging(p, bob, leave);
    expect(answer).toMatchObject({ status: 403 });
    expect(await p.shaOf('main')).toBe(p.main);
  });
});

describe('a push that waits for its turn', () => {
  const pushing = (p: ReviewProject, who: TestUser, change: () => Promise<unknown>) =>
    meanwhile(
      p,
      async () => {
        await p.tree.write({ 'b.txt': 'b\n' });
        await p.tree.commit('more');
        const to = ['push', '-q', 'origin', 'HEAD:refs/heads/topic'];
        return await git(p.tree.dir, to, { token: who.token });
      },
      async () => (await server.db.pushIntent.count({ where: { projectId: p.repository.id } })) > 0,
      change,
    );

  it('is refused by a rule that closed the branch meanwhile, and leaves nothing behind [A-GIT-03]', async () => {
    const p = await project('closed-push');
    const { code, stderr } = await pushing(p, ann, () => close(p, 'topic'));
    expect([code === 0, stderr]).toEqual([false, expect.stringContaining('is protected (topic)')]);
    expect(await p.shaOf('topic')).toBeNull();
    expect(await server.db.pushIntent.count()).toBe(0);
    const refused = { projectId: p.repository.id, action: 'git.push_refused' };
    expect(await server.db.auditEntry.count({ where: refused })).toBe(1);
  });

  it('is refused to somebody whose token was revoked meanwhile [A-GIT-03]', async () => {
    const p = await project('left-push');
    const eve = await server.user('eve', 'developer');
    const { code, stderr } = await pushing(p, eve, () =>
      server.db.apiToken.deleteMany({ where: { userId: eve.id } }),
    );
    expect([code === 0, stderr]).toEqual([false, expect.stringContaining('no longer valid')]);
    expect(await p.shaOf('topic')).toBeNull();
  });
});
