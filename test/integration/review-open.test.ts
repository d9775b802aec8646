import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { mergeMergeRequest } from '../../domain/review/merge-merge-request.ts';
import { unlimited } from '../../domain/identity/credential-limits.ts';
import { callerFor } from '../../domain/identity/system-user.ts';
import { newId } from '../../domain/shared/new-id.ts';
import { eventually } from '../support/eventually.ts';
import { makeWorkTree } from '../support/git-client.ts';
import { startGitServer, type GitServer, type TestUser } from '../support/git-server.ts';
import { reviewProject, type ReviewProject, type RuleBody } from '../support/review-steps.ts';

// Many git processes; a loaded machine takes its time.
jest.setTimeout(240_000);

let server: GitServer;
let ann: TestUser;
let bob: TestUser;
let cat: TestUser;
let viewer: TestUser;
const open: ReviewProject[] = [];

beforeAll(async () => {
  server = await startGitServer();
  ann = await server.user('ann', 'developer', 'maintainer');
  bob = await server.user('bob', 'developer');
  cat = await server.user('cat', 'developer');
  viewer = await server.user('vera', 'viewer');
}, 240_000);

afterAll(async () => {
  expect(server.errors).toEqual([]);
  await Promise.all(open.map(({ tree }) => tree.remove()));
  await server.stop();
});

async function project(name: string, files?: Record<string, string>): Promise<ReviewProject> {
  const made = await reviewProject(server, ann, name, files);
  open.push(made);
  return made;
}

describe('merge requests', () => {
  it('are opened from a branch with number 1, read, changed, closed and reopened [A-MR-01]', async () => {
    const p = await project('basics');
    const head = await p.push('topic', { 'a.txt': 'a\n' });
    const made = await p.open('topic', { body: 'Why **so**?' });
    expect(made).toMatchObject({
      number: 1,
      status: 'open',
      author: { id: ann.id, name: 'ann' },
      sourceBranch: 'topic',
      targetBranch: 'main',
      headSha: head,
      baseSha: p.main,
      mergedBy: null,
      mergedAt: null,
    });
    const push = await server.db.push.findFirstOrThrow({ orderBy: { id: 'desc' } });
    expect(made.changeId).toBe(push.changeId);
    const at = '/merge-requests/1';
    expect((await p.api(viewer, 'GET', at)).body).toMatchObject({
      body: 'Why **so**?',
      permissions: { write: false, comment: false, approve: false, merge: false },
    });
    expect((await p.api(bob, 'GET', at)).body).toMatchObject({
      permissions: { write: true, comment: true, approve: true, merge: true },
      styles: { preferred: 'merge' },
    });
    expect((await p.api(ann, 'PATCH', at, { title: 'Better' })).body).toMatchObject({
      title: 'Better',
      body: 'Why **so**?',
    });
    const diff = await p.api(viewer, 'GET', `${at}/diff`);
    expect(diff.body).toMatchObject({ base: p.main, head, diff: { files: [{ path: 'a.txt' }] } });
    const commits = await p.api<{ items: { sha: string }[] }>(viewer, 'GET', `${at}/commits`);
    expect(commits.body.items.map(({ sha }) => sha)).toEqual([head]);
    expect((await p.api(ann, 'POST', `${at}/reopen`)).status).toBe(409);
    expect((await p.api(ann, 'POST', `${at}/close`)).body).toMatchObject({ status: 'closed' });
    expect((await p.api(ann, 'POST', `${at}/close`)).status).toBe(409);
    expect((await p.api(ann, 'POST', `${at}/reopen`)).body).toMatchObject({ status: 'open' });
    const listed = await p.api(viewer, 'GET', '/merge-requests?status=open&q=bett');
    expect(listed.body).toMatchObject({ total: 1, counts: { open: 1, merged: 0, closed: 0 } });
  });

  it.each([
    ['a branch that is not there', { sourceBranch: 'nowhere' }, 422],
    ['the target itself', { sourceBranch: 'main' }, 422],
    ['no new commit', { sourceBranch: 'same' }, 422],
    ['a target that is not there', { sourceBranch: 'topic', targetBranch: 'nowhere' }, 422],
    ['no title', { sourceBranch: 'topic', title: '' }, 400],
  ])('are refused for %s [A-MR-01]', async (what, body, status) => {
    const p = await project(`refused-${what.replace(/ /g, '-')}`);
    await p.push('topic', { 'a.txt': 'a\n' });
    await p.tree.git('push', '-q', 'origin', 'main:same');
    const answer = await p.api(bob, 'POST', '/merge-requests', { title: 'x', ...body });
    expect(answer.status).toBe(status);
  });

  it('are opened once between two branches, by who may write [A-MR-01]', async () => {
    const p = await project('twice');
    await p.push('topic', { 'a.txt': 'a\n' });
    const body = { title: 'x', sourceBranch: 'topic' };
    const [one, two] = await Promise.all([
      p.api(bob, 'POST', '/merge-requests', body),
      p.api(bob, 'POST', '/merge-requests', body),
    ]);
    expect([one.status, two.status].sort()).toEqual([201, 409]);
    expect((await p.api(viewer, 'POST', '/merge-requests', body)).status).toBe(403);
    expect((await p.api(viewer, 'POST', '/merge-requests/1/merge', {})).status).toBe(403);
    const row = await server.db.project.findUniqueOrThrow({ where: { id: p.repository.id } });
    expect(row).toMatchObject({ nextMrNumber: 1, nextIssueNumber: 0 });
  });
});

/** A merge request of ann from `topic`, into branches that ask for one approval. */
async function guarded(name: string) {
  const p = await project(name);
  await p.push('topic', { 'a.txt': 'a\n' });
  await p.api(ann, 'POST', '/protected-branches', {
    pattern: '*',
    allowWriters: true,
    requiredApprovals: 1,
  });
  const { id, number } = await p.open('topic');
  const at = `/merge-requests/${number}`;
  return {
    ...p,
    id,
    number,
    at,
    review: (who: TestUser, verdict = 'approve', more = {}) =>
      p.api(who, 'POST', `${at}/reviews`, { verdict, ...more }),
    async approvals(): Promise<RuleBody | undefined> {
      const { body } = await p.api<{ rules: RuleBody[] }>(bob, 'GET', `${at}/mergeability`);
      return body.rules.find(({ rule }) => rule === 'approvals');
    },
    merge: () => p.api(bob, 'POST', `${at}/merge`, {}),
  };
}

async function pushAs(who: TestUser, p: ReviewProject, branch: string, file: string) {
  const tree = await makeWorkTree(p.repository.url, who.token);
  await tree.git('fetch', '-q', 'origin');
  await tree.git('checkout', '-q', '-B', branch, `origin/${branch}`);
  await tree.write({ [file]: `${who.name}\n` });
  await tree.commit(`${who.name} was here`);
  await tree.git('push', '-q', 'origin', branch);
  await tree.remove();
}

describe('an approval', () => {
  it('does not count of whoever pushed commits of it, though another one opened it [A-MR-02]', async () => {
    const p = await guarded('pushed');
    await pushAs(bob, p, 'topic', 'b.txt');
    expect((await p.review(bob)).status).toBe(201);
    expect(await p.approvals()).toMatchObject({
      state: 'missing',
      detail:
        '0 of 1 approvals of this commit. Nobody approves what they or their agents pushed: bob.',
      missing: ['bob: pushed commits of it, or their agent did'],
    });
    expect(await p.merge()).toMatchObject({ status: 409, body: { code: 'merge_blocked' } });
    // What somebody put on top of it in another branch is no part of it.
    await p.tree.git('push', '-q', 'origin', 'topic:elsewhere');
    await pushAs(cat, p, 'elsewhere', 'c.txt');
    expect((await p.review(cat)).status).toBe(201);
    expect(await p.approvals()).toMatchObject({ state: 'passed' });
    expect((await p.merge()).status).toBe(200);
  });

  it('does not count of the one whose agent pushed commits of it [A-MR-02]', async () => {
    const p = await guarded('agent-pushed');
    const agent = await server.user('robot', 'developer');
    await server.db.user.update({ where: { id: agent.id }, data: { kind: 'agent' } });
    const { id: permissionId } = await server.db.permission.findFirstOrThrow();
    await server.db.delegation.create({
      data: { id: newId('delegation'), delegatorId: bob.id, delegateId: agent.id, permissionId },
    });
    await pushAs(agent, p, 'topic', 'b.txt');
    await p.review(bob);
    expect(await p.approvals()).toMatchObject({ state: 'missing' });
    await p.review(cat);
    expect(await p.approvals()).toMatchObject({ state: 'passed' });
  });

  it('counts for the target that it was given for, and for no other [A-MR-02]', async () => {
    const p = await guarded('retargeted');
    await p.tree.git('push', '-q', 'origin', 'main:scratch');
    await p.api(ann, 'PATCH', p.at, { targetBranch: 'scratch' });
    await p.review(bob);
    expect(await p.approvals()).toMatchObject({ state: 'passed' });
    expect((await p.api(ann, 'PATCH', p.at, { targetBranch: 'main' })).status).toBe(200);
    expect(await p.approvals()).toMatchObject({
      state: 'missing',
      missing: ['bob: approved it for scratch'],
    });
    expect(await p.merge()).toMatchObject({ status: 409, body: { code: 'merge_blocked' } });
    const listed = await p.api(ann, 'GET', `${p.at}/reviews`);
    expect(listed.body).toMatchObject({ items: [{ targetBranch: 'scratch', stale: true }] });
    // Sent by a page that still showed the other target.
    await p.review(cat, 'approve', { targetBranch: 'scratch' });
    expect(await p.approvals()).toMatchObject({ state: 'missing' });
    await p.review(cat, 'approve', { targetBranch: 'main' });
    expect((await p.merge()).status).toBe(200);
  });
});

describe('another target', () => {
  it('calls an automatic merge off, is refused where another one is open, and once it is merged [A-MR-01]', async () => {
    const p = await guarded('targets');
    await p.tree.git('push', '-q', 'origin', 'main:next');
    await p.open('topic', { targetBranch: 'next' });
    const taken = await p.api(ann, 'PATCH', p.at, { targetBranch: 'next' });
    expect(taken).toMatchObject({ status: 409, body: { code: 'already_exists' } });
    await p.tree.git('push', '-q', 'origin', 'main:later');
    await p.api(bob, 'POST', `${p.at}/auto-merge`, { deleteSource: true });
    const moved = await p.api(ann, 'PATCH', p.at, { targetBranch: 'later' });
    expect(moved.body).toMatchObject({ targetBranch: 'later', autoMerge: null });
    const row = await server.db.mergeRequest.findUniqueOrThrow({ where: { id: p.id } });
    expect(row).toMatchObject({ autoMergeBy: null, autoMergeDeleteSource: false });
    await p.review(bob);
    expect((await p.merge()).status).toBe(200);
    const late = await p.api(ann, 'PATCH', p.at, { targetBranch: 'main' });
    expect(late).toMatchObject({ status: 422, body: { code: 'unprocessable' } });
    expect((await p.api(ann, 'GET', p.at)).body).toMatchObject({ targetBranch: 'later' });
  });
});

describe('a merge that has begun', () => {
  const somebodyWaits = async () => {
    const [row] = await server.db.$queryRaw<{ n: number }[]>`
      SELECT count(*)::int AS n FROM pg_stat_activity
       WHERE datname = current_database() AND wait_event_type = 'Lock'`;
    return (row?.n ?? 0) > 0;
  };

  it.each([
    ['closed', 'POST', '/close', undefined],
    ['given another target', 'PATCH', '', { targetBranch: 'aside' }],
  ])('cannot be %s any more [A-MR-05]', async (_, method, path, body) => {
    const p = await guarded(`begun-${method.toLowerCase()}`);
    await p.tree.git('push', '-q', 'origin', 'main:aside');
    await p.review(bob);
    const user = await server.db.user.findUniqueOrThrow({ where: { id: bob.id } });
    const row = await server.db.project.findUniqueOrThrow({ where: { id: p.repository.id } });
    let other = Promise.resolve({ status: 0, body: {} });
    let isAnswered = false;
    // The branch is about to move: what the merge was decided by must hold until it is written down.
    const moveRefs: typeof server.store.moveRefs = async (...args) => {
      other = p.api(ann, method, `${p.at}${path}`, body).finally(() => {
        isAnswered = true;
      });
      await eventually(async () => (isAnswered || (await somebodyWaits()) ? true : undefined));
      return await server.store.moveRefs(...args);
    };
    const deps = { db: server.db, git: { ...server.store, moveRefs } };
    await mergeMergeRequest(deps, callerFor(user, unlimited), row, p.number, {});
    expect((await other).status).toBeGreaterThanOrEqual(400);
    expect((await p.api(ann, 'GET', p.at)).body).toMatchObject({
      status: 'merged',
      targetBranch: 'main',
    });
  });
});
