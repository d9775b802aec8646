import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { startGitServer, type GitServer, type TestUser } from '../support/git-server.ts';
import { reviewProject, type ReviewProject } from '../support/review-steps.ts';

// Many git processes; a loaded machine takes its time.
jest.setTimeout(240_000);

let server: GitServer;
let ann: TestUser;
let bob: TestUser;
let viewer: TestUser;
const open: ReviewProject[] = [];

beforeAll(async () => {
  server = await startGitServer();
  ann = await server.user('ann', 'developer', 'maintainer');
  bob = await server.user('bob', 'developer');
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
