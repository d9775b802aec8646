import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { systemCaller } from '../../domain/identity/system-user.ts';
import { openRevertRequest } from '../../domain/review/open-revert-request.ts';
import { git, startGitServer, type GitServer, type TestUser } from '../support/git-server.ts';
import { followEvents, reviewProject, type ReviewProject } from '../support/review-steps.ts';

jest.setTimeout(240_000);

let server: GitServer;
let ann: TestUser;
let bob: TestUser;
const made: ReviewProject[] = [];

beforeAll(async () => {
  server = await startGitServer();
  ann = await server.user('ann', 'developer', 'maintainer');
  bob = await server.user('bob', 'developer');
}, 240_000);

afterAll(async () => {
  expect(server.errors).toEqual([]);
  await Promise.all(made.map(({ tree }) => tree.remove()));
  await server.stop();
});

async function project(name: string, files: Record<string, string>): Promise<ReviewProject> {
  const p = await reviewProject(server, ann, name, files);
  made.push(p);
  return p;
}

const lines = (from: number, to: number, word = 'line') =>
  Array.from({ length: to - from + 1 }, (_, n) => `${word} ${n + from}\n`).join('');

interface Remark {
  id: string;
  threadId: string | null;
  reviewId: string | null;
  position: object | null;
  current: { path: string | null; line: number | null; outdated: boolean } | null;
  resolved: { by: { name: string } } | null;
}

describe('comments on lines', () => {
  it('follow the code through pushes and renames, and are outdated when their line is gone [A-ISS-04]', async () => {
    const p = await project('following', { 'a.txt': lines(1, 30) });
    const head = await p.push('topic', { 'a.txt': `${lines(1, 30)}${lines(31, 40, 'new')}` });
    const { number } = await p.open('topic');
    const at = `/merge-requests/${number}/comments`;
    const put = async (line: number, side = 'new') => {
      const position = { path: 'a.txt', side, line };
      const answer = await p.api<Remark>(bob, 'POST', at, { body: `at ${line}`, position });
      expect(answer).toMatchObject({
        status: 201,
        body: { position: { ...position, commitSha: head }, current: { path: 'a.txt', line } },
      });
      return answer.body.id;
    };
    const [five, thirtyFive, forty, old] = [
      await put(5),
      await put(35),
      await put(40),
      await put(3, 'old'),
    ];
    const where = async () => {
      const answer = await p.api<{ items: Remark[] }>(ann, 'GET', at);
      return new Map(answer.body.items.map(({ id, current }) => [id, current]));
    };
    // Two lines more at the top, line 35 changed, the file renamed.
    const changed = `top\ntop\n${lines(1, 30)}${lines(31, 34, 'new')}other\n${lines(36, 40, 'new')}`;
    await p.tree.git('checkout', '-q', 'topic');
    await p.tree.git('mv', 'a.txt', 'b.txt');
    await p.push('topic', { 'b.txt': changed });
    const after = await where();
    expect(after.get(five)).toEqual({ path: 'b.txt', line: 7, outdated: false });
    expect(after.get(forty)).toEqual({ path: 'b.txt', line: 42, outdated: false });
    expect(after.get(thirtyFive)).toEqual({ path: null, line: null, outdated: true });
    expect(after.get(old)).toEqual({ path: 'a.txt', line: 3, outdated: false });
    // A rewritten history is followed as well: the commit that was looked at is kept.
    await followEvents(server);
    await p.tree.git('reset', '-q', '--hard', p.main);
    await p.tree.write({ 'a.txt': `top\n${lines(1, 30)}` });
    await p.tree.commit('anew');
    await p.tree.git('push', '-q', '--force', 'origin', 'topic');
    const rewritten = await where();
    expect(rewritten.get(five)).toEqual({ path: 'a.txt', line: 6, outdated: false });
    expect(rewritten.get(forty)).toMatchObject({ outdated: true });
    const kept = await git(p.repository.dir, [
      'for-each-ref',
      '--format=%(objectname)',
      'refs/slipway',
    ]);
    expect(kept.stdout).toContain(head);
  });

  it.each([
    ['a line past the end', { path: 'a.txt', side: 'new', line: 99 }, 422],
    ['a file that is not there', { path: 'b.txt', side: 'new', line: 1 }, 422],
    ['a file that the old side lacks', { path: 'c.txt', side: 'old', line: 1 }, 422],
    [
      'a commit that is not there',
      { path: 'a.txt', side: 'new', line: 1, commitSha: '1'.repeat(40) },
      422,
    ],
    ['a path out of the tree', { path: '../a.txt', side: 'new', line: 1 }, 400],
    ['no such side', { path: 'a.txt', side: 'left', line: 1 }, 400],
  ])('are refused for %s [A-ISS-04]', async (what, position, status) => {
    const p = await project(`bad-${what.replace(/ /g, '-').slice(0, 30)}`, {
      'a.txt': lines(1, 3),
    });
    await p.push('topic', { 'c.txt': 'c\n' });
    const { number } = await p.open('topic');
    const answer = await p.api(bob, 'POST', `/merge-requests/${number}/comments`, {
      body: 'x',
      position,
    });
    expect(answer.status).toBe(status);
  });

  it('come with a review, are answered in threads, resolved and opened again [A-ISS-04]', async () => {
    const p = await project('threads', { 'a.txt': lines(1, 3) });
    await p.push('topic', { 'a.txt': lines(1, 5) });
    const { number } = await p.open('topic');
    const at = `/merge-requests/${number}`;
    const position = { path: 'a.txt', side: 'new', line: 4 };
    const review = await p.api<{ id: string }>(bob, 'POST', `${at}/reviews`, {
      verdict: 'comment',
      comments: [{ body: 'why?', position }],
    });
    expect(review).toMatchObject({ status: 201, body: { commentCount: 1 } });
    const list = async () =>
      (await p.api<{ items: Remark[] }>(ann, 'GET', `${at}/comments`)).body.items;
    const [root] = await list();
    expect(root).toMatchObject({ reviewId: review.body.id, threadId: null, resolved: null });
    const id = root?.id ?? '';
    const answered = await p.api<Remark>(ann, 'POST', `${at}/comments`, {
      body: 'so',
      replyTo: id,
    });
    expect(answered).toMatchObject({ status: 201, body: { threadId: id } });
    expect((await p.api(ann, 'GET', at)).body).toMatchObject({ unresolvedThreads: 1 });
    const resolve = `${at}/comments/${answered.body.id}`;
    expect((await p.api(ann, 'POST', `${resolve}/resolve`)).body).toEqual({
      threadId: id,
      resolved: true,
    });
    expect((await p.api(ann, 'POST', `${resolve}/resolve`)).status).toBe(409);
    expect((await list())[0]).toMatchObject({ resolved: { by: { name: 'ann' } } });
    expect((await p.api(ann, 'GET', at)).body).toMatchObject({ unresolvedThreads: 0 });
    expect((await p.api(bob, 'POST', `${resolve}/unresolve`)).status).toBe(200);
    expect((await p.api(bob, 'PATCH', resolve, { body: 'not mine' })).status).toBe(403);
    expect((await p.api(ann, 'PATCH', resolve, { body: 'so it is' })).status).toBe(200);
  });
});

describe('pipelines of merge requests', () => {
  const definition = (on: string) => `on: [${on}]\nsteps: [{ name: test, commands: ['true'] }]\n`;
  const runs = async (p: ReviewProject) => {
    const found = await server.db.pipeline.findMany({
      where: { projectId: p.repository.id },
      orderBy: { number: 'asc' },
    });
    return found.map(({ trigger, commitSha, gitRef }) => ({ trigger, commitSha, gitRef }));
  };

  it('are triggered by opening one and by each push to its source, once [A-MR-06]', async () => {
    const p = await project('mr-runs', { '.platform.yaml': definition('merge_request') });
    const first = await p.push('topic', { 'a.txt': 'a\n' });
    await followEvents(server);
    expect(await runs(p)).toEqual([]);
    const { changeId } = await p.open('topic');
    await followEvents(server);
    const of = { trigger: 'mr', gitRef: 'refs/heads/topic' };
    expect(await runs(p)).toEqual([{ ...of, commitSha: first }]);
    const second = await p.push('topic', { 'a.txt': 'b\n' });
    await p.push('elsewhere', { 'b.txt': 'b\n' });
    await followEvents(server);
    await server.db.eventCursor.deleteMany({ where: { consumer: 'review' } });
    await followEvents(server);
    expect(await runs(p)).toEqual([
      { ...of, commitSha: first },
      { ...of, commitSha: second },
    ]);
    const rows = await server.db.pipeline.findMany({ where: { projectId: p.repository.id } });
    expect(rows.map((row) => row.changeId)).toEqual([changeId, changeId]);
  });

  it('are not, where the file does not ask for them [A-MR-06]', async () => {
    const p = await project('no-mr-runs', { '.platform.yaml': definition('push') });
    await p.push('topic', { 'a.txt': 'a\n' });
    await p.open('topic');
    await followEvents(server);
    expect(await runs(p)).toEqual([]);
  });
});

describe('a revert request', () => {
  const deps = () => ({ db: server.db, git: server.store });

  it('takes a commit back on a branch of its own, once [A-MR-03]', async () => {
    const p = await project('revert', { 'a.txt': lines(1, 3) });
    const bad = await p.push('main', { 'a.txt': 'broken\n' }, 'break it');
    const tip = await p.push('main', { 'b.txt': 'later\n' });
    const input = {
      projectId: p.repository.id,
      targetBranch: 'main',
      commitSha: bad,
      reason: 'The deployment was rolled back.',
      caller: null,
    };
    const answers = await Promise.all([1, 2, 3].map(() => openRevertRequest(deps(), input)));
    expect(answers[0]).toMatchObject({ kind: 'merge_request', number: 1 });
    expect(new Set(answers.map((one) => one?.id)).size).toBe(1);
    const read = await p.api<{ sourceBranch: string }>(bob, 'GET', '/merge-requests/1');
    expect(read.body).toMatchObject({
      title: 'Revert "break it"',
      sourceBranch: `revert-${bad.slice(0, 8)}`,
      baseSha: tip,
      author: { name: (await systemCaller(server.db)).principal.userName },
    });
    expect((await p.api(bob, 'POST', '/merge-requests/1/merge', {})).status).toBe(200);
    const show = await git(p.repository.dir, ['show', 'main:a.txt']);
    expect(show.stdout).toBe(lines(1, 3));
    expect((await git(p.repository.dir, ['show', 'main:b.txt'])).stdout).toBe('later\n');
    expect(await openRevertRequest(deps(), input)).toEqual(answers[0]);
  });

  it('is an issue where that conflicts, and nothing where nothing is left to take back [A-MR-03]', async () => {
    const p = await project('revert-conflict', { 'a.txt': lines(1, 3) });
    const bad = await p.push('main', { 'a.txt': 'broken\n' }, 'break it');
    const of = {
      projectId: p.repository.id,
      targetBranch: 'main',
      reason: 'Because.',
      caller: null,
    };
    const other = await p.push('main', { 'b.txt': 'b\n' }, 'add b');
    await p.push('main', { 'a.txt': 'mended by hand\n' });
    const [one, two] = await Promise.all(
      [1, 2].map(() => openRevertRequest(deps(), { ...of, commitSha: bad })),
    );
    expect(one).toMatchObject({ kind: 'issue', number: 1 });
    expect(two).toEqual(one);
    expect((await p.api(bob, 'GET', '/issues/1')).body).toMatchObject({
      title: 'Revert "break it"',
      body: expect.stringContaining('`a.txt`'),
      labels: ['revert'],
    });
    expect(await p.shaOf(`revert-${bad.slice(0, 8)}`)).toBeNull();
    await p.tree.git('rm', '-q', 'b.txt');
    await p.push('main', {});
    expect(await openRevertRequest(deps(), { ...of, commitSha: other })).toBeNull();
    const elsewhere = await p.push('topic', { 'c.txt': 'c\n' });
    await expect(openRevertRequest(deps(), { ...of, commitSha: elsewhere })).rejects.toMatchObject({
      code: 'unprocessable',
    });
  });
});
