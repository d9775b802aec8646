import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { git, startGitServer, type GitServer, type TestUser } from '../support/git-server.ts';
import {
  followEvents,
  reviewProject,
  type MergeRequestBody,
  type ReviewProject,
} from '../support/review-steps.ts';

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

async function bare(of: ReviewProject, ...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await git(of.repository.dir, args);
  if (code !== 0) throw new Error(stderr);
  return stdout.trim();
}

function merge(of: ReviewProject, number: number, body: object = {}, user = bob) {
  return of.api<MergeRequestBody & { errors: { pointer: string; detail: string }[]; code: string }>(
    user,
    'POST',
    `/merge-requests/${number}/merge`,
    body,
  );
}

describe('a verdict in the moment of the merge', () => {
  it('holds the merge up or is refused: none is taken that comes to nothing [A-MR-02] [A-MR-05]', async () => {
    const p = await project('verdict-race');
    for (const branch of ['one', 'two', 'three', 'four']) {
      await p.push(branch, { [`${branch}.txt`]: branch });
      const { number } = await p.open(branch);
      const [merged, said] = await Promise.all([
        merge(p, number, {}, ann),
        p.api(bob, 'POST', `/merge-requests/${number}/reviews`, { verdict: 'request_changes' }),
      ]);
      const { status } = await server.db.mergeRequest.findFirstOrThrow({
        where: { number, project: { name: 'verdict-race' } },
      });
      const isHeard = said.status === 201;
      expect([merged.status, said.status]).toEqual(isHeard ? [409, 201] : [200, 409]);
      expect(status).toBe(isHeard ? 'open' : 'merged');
    }
  });
});

describe('a merge', () => {
  it('by a merge commit brings the source into the target, with who, when and an event [A-MR-03]', async () => {
    const p = await project('style-merge');
    const head = await p.push('topic', { 'a.txt': 'a\n' });
    const target = await p.push('main', { 'b.txt': 'b\n' });
    const { number, changeId } = await p.open('topic');
    const done = await merge(p, number);
    expect(done).toMatchObject({
      status: 200,
      body: { status: 'merged', mergedBy: { name: 'bob' }, mergeStyle: 'merge' },
    });
    const sha = await p.shaOf('main');
    expect(done.body).toMatchObject({ mergeSha: sha, mergedAt: expect.any(String) });
    expect(await bare(p, 'log', '-1', '--format=%P', 'main')).toBe(`${target} ${head}`);
    expect(await bare(p, 'log', '-1', '--format=%cn %ce %an', 'main')).toBe(
      'bob bob@example.test bob',
    );
    expect(await bare(p, 'ls-tree', '--name-only', 'main')).toBe('README.md\na.txt\nb.txt');
    expect(await bare(p, 'fsck', '--strict')).toBe('');
    const push = await server.db.push.findFirstOrThrow({ orderBy: { id: 'desc' } });
    expect(push).toMatchObject({
      changeId,
      pusherId: bob.id,
      updates: [{ ref: 'refs/heads/main', oldSha: target, newSha: sha }],
    });
    const events = await server.db.event.findMany({
      where: { changeId, type: { in: ['git.pushed', 'mr.merged'] } },
      orderBy: { id: 'asc' },
    });
    expect(events.map(({ type }) => type)).toEqual(['git.pushed', 'git.pushed', 'mr.merged']);
    const ref = await server.db.gitRef.findFirst({
      where: { projectId: p.repository.id, name: 'refs/heads/main' },
    });
    expect(ref?.sha).toBe(sha);
  });

  it('by rebase puts its commits anew on the target, with their authors and messages [A-MR-03]', async () => {
    const p = await project('style-rebase');
    await p.push('topic', { 'a.txt': 'a\n' }, 'one\nmore of it\n\nThe body.');
    await p.push('topic', { 'a.txt': 'aa\n' }, 'two');
    const target = await p.push('main', { 'b.txt': 'b\n' });
    const { number } = await p.open('topic');
    expect((await merge(p, number, { style: 'rebase' })).status).toBe(200);
    const log = await bare(p, 'log', '--format=%s|%an|%cn', `${target}..main`);
    expect(log).toBe('two|Ann|bob\none more of it|Ann|bob');
    expect(await bare(p, 'log', '-1', '--format=%B', 'main~1')).toBe(
      'one\nmore of it\n\nThe body.',
    );
    expect(await bare(p, 'rev-parse', 'main~2')).toBe(target);
    expect(await bare(p, 'rev-list', '--merges', 'main')).toBe('');
    const dates = (range: string) => bare(p, 'log', '--format=%aI', range);
    expect(await dates('main~2..main')).toBe(await dates(`${target}~1..topic`));
  });

  it('by rebase-merge puts a merge commit over the rebased commits [A-MR-03]', async () => {
    const p = await project('style-rebase-merge');
    await p.push('topic', { 'a.txt': 'a\n' }, 'one');
    const target = await p.push('main', { 'b.txt': 'b\n' });
    const { number } = await p.open('topic');
    expect((await merge(p, number, { style: 'rebase-merge' })).status).toBe(200);
    const [first, second] = (await bare(p, 'log', '-1', '--format=%P', 'main')).split(' ');
    expect(first).toBe(target);
    expect(await bare(p, 'log', '-1', '--format=%s|%P', second ?? '')).toBe(`one|${target}`);
  });

  it('by squash makes one commit of its author, and names the others [A-MR-03]', async () => {
    const p = await project('style-squash');
    await p.push('topic', { 'a.txt': 'a\n' }, 'one');
    await p.push('topic', { 'a.txt': 'aa\n' }, 'two');
    const target = await p.push('main', { 'b.txt': 'b\n' });
    const { number } = await p.open('topic', { title: 'All of it', body: 'In one.' });
    expect((await merge(p, number, { style: 'squash' })).status).toBe(200);
    expect(await bare(p, 'log', '-1', '--format=%P|%ae|%cn', 'main')).toBe(
      `${target}|ann@example.test|bob`,
    );
    expect(await bare(p, 'log', '-1', '--format=%B', 'main')).toBe(
      'All of it (!1)\n\nIn one.\n\nCo-authored-by: Ann <ann@example.com>',
    );
    expect(await bare(p, 'show', 'main:a.txt')).toBe('aa');
  });

  it('by fast-forward moves the target to the head, or refuses [A-MR-03] [A-MR-04]', async () => {
    const p = await project('style-ff');
    const head = await p.push('topic', { 'a.txt': 'a\n' });
    await p.push('late', { 'c.txt': 'c\n' });
    const [topic, late] = [await p.open('topic'), await p.open('late')];
    const style = 'fast-forward-only';
    expect((await merge(p, topic.number, { style })).status).toBe(200);
    expect(await p.shaOf('main')).toBe(head);
    const refused = await merge(p, late.number, { style });
    expect(refused).toMatchObject({ status: 409, body: { code: 'merge_blocked' } });
    expect(await p.shaOf('main')).toBe(head);
  });

  it.each(['merge', 'rebase', 'rebase-merge', 'squash'])(
    'that conflicts (%s) is 409 with the paths; the target stays, the request stays open [A-MR-04]',
    async (style) => {
      const p = await project(`conflict-${style}`, { 'a.txt': 'a\n', 'b/c.txt': 'c\n', d: 'd\n' });
      await p.push('topic', { 'a.txt': 'mine\n', 'b/c.txt': 'mine\n', d: 'mine\n' });
      const target = await p.push('main', { 'a.txt': 'yours\n', 'b/c.txt': 'yours\n' });
      const { number } = await p.open('topic');
      const refused = await merge(p, number, { style });
      expect(refused).toMatchObject({ status: 409, body: { code: 'merge_blocked' } });
      const paths = refused.body.errors
        .filter(({ pointer }) => pointer === '#/rules/conflicts')
        .map(({ detail }) => detail);
      expect(paths.slice(1)).toEqual(['a.txt', 'b/c.txt']);
      expect(await p.shaOf('main')).toBe(target);
      const read = await p.api(ann, 'GET', `/merge-requests/${number}`);
      expect(read.body).toMatchObject({ status: 'open', mergeSha: null });
    },
  );

  it('happens once: a merged or closed one is 409 [A-MR-05]', async () => {
    const p = await project('once');
    await p.push('topic', { 'a.txt': 'a\n' });
    await p.push('other', { 'b.txt': 'b\n' });
    const [one, two] = [await p.open('topic'), await p.open('other')];
    const answers = await Promise.all([merge(p, one.number), merge(p, one.number, {}, ann)]);
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 409]);
    const again = await merge(p, one.number);
    expect(again).toMatchObject({ status: 409, body: { code: 'illegal_transition' } });
    await p.api(ann, 'POST', `/merge-requests/${two.number}/close`);
    expect((await merge(p, two.number)).status).toBe(409);
    expect(await bare(p, 'rev-list', '--count', '--merges', 'main')).toBe('1');
  });

  it('loses no commit when many are merged and pushed at once [A-MR-03]', async () => {
    const p = await project('many');
    const numbers: number[] = [];
    for (let n = 0; n < 6; n += 1) {
      await p.push(`topic-${n}`, { [`${n}.txt`]: `${n}\n` });
      numbers.push((await p.open(`topic-${n}`)).number);
    }
    const styles = ['merge', 'squash', 'rebase', 'rebase-merge', 'merge', 'squash'];
    const answers = await Promise.all(
      [
        ...numbers.map((number, n) => merge(p, number, { style: styles[n] })),
        p.push('main', { 'pushed.txt': 'p\n' }).then(() => ({ status: 200 })),
      ].map((one) => one.catch(() => ({ status: 0 }))),
    );
    // The push may have lost its race, as pushes do; every merge is in.
    expect(answers.slice(0, 6).map(({ status }) => status)).toEqual(Array(6).fill(200));
    const files = await bare(p, 'ls-tree', '--name-only', 'main');
    for (let n = 0; n < 6; n += 1) expect(files).toContain(`${n}.txt`);
    if (answers[6]?.status === 200) expect(files).toContain('pushed.txt');
    expect(await bare(p, 'fsck', '--strict', '--no-dangling')).toBe('');
  });

  it('deletes the source branch when asked to, but for a protected one [A-MR-03]', async () => {
    const p = await project('delete');
    const head = await p.push('topic', { 'a.txt': 'a\n' });
    await p.push('release/1', { 'b.txt': 'b\n' });
    const [one, two] = [await p.open('topic'), await p.open('release/1')];
    await p.api(ann, 'POST', '/protected-branches', { pattern: 'release/*', allowWriters: true });
    const refused = await merge(p, two.number, { deleteSource: true });
    expect(refused).toMatchObject({ status: 409, body: { code: 'protected' } });
    expect(await merge(p, one.number, { deleteSource: true })).toMatchObject({
      status: 200,
      body: { sourceDeleted: true, headSha: head },
    });
    expect(await p.shaOf('topic')).toBeNull();
    const gone = { projectId: p.repository.id, name: 'refs/heads/topic' };
    expect(await server.db.gitRef.count({ where: gone })).toBe(0);
    const diff = await p.api(viewer, 'GET', `/merge-requests/${one.number}/diff`);
    expect(diff.body).toMatchObject({ diff: { files: [{ path: 'a.txt' }] } });
  });

  it('closes the issues that it and its commits say it closes [A-ISS-03]', async () => {
    const p = await project('closing');
    for (const title of ['one', 'two', 'three', 'four']) {
      await p.api(bob, 'POST', '/issues', { title });
    }
    await p.push('topic', { 'a.txt': 'a\n' }, 'work\n\nFixes #2 and closes #4');
    const { number } = await p.open('topic', { body: 'closes #1, see #3, resolves #99' });
    await p.api(bob, 'POST', '/issues/2/close');
    await merge(p, number);
    const closed = await p.api<{ items: { number: number }[] }>(
      bob,
      'GET',
      '/issues?status=closed',
    );
    expect(closed.body.items.map((one) => one.number)).toEqual([4, 2, 1]);
    const event = await server.db.event.findFirstOrThrow({
      where: { projectId: p.repository.id, type: 'mr.merged' },
    });
    expect(event.payload).toMatchObject({ number, closedIssues: [1, 4] });
  });

  it('by hand is seen: whoever pushes its commits to the target has merged it [A-MR-03]', async () => {
    const p = await project('by-hand');
    const head = await p.push('topic', { 'a.txt': 'a\n' });
    const { number } = await p.open('topic');
    await p.tree.git('push', '-q', 'origin', `${head}:refs/heads/main`);
    await followEvents(server);
    const read = await p.api(ann, 'GET', `/merge-requests/${number}`);
    expect(read.body).toMatchObject({
      status: 'merged',
      mergeSha: head,
      mergedBy: { name: 'ann' },
      mergeStyle: null,
    });
  });

  it('whose record was lost after the branch moved is finished from its intent [A-MR-03]', async () => {
    const p = await project('lost-record');
    await p.push('topic', { 'a.txt': 'a\n' });
    const { number, id } = await p.open('topic');
    const done = await merge(p, number, { style: 'squash' });
    const { mergeSha } = done.body;
    // As a process leaves it that died between the moved ref and its record.
    await server.db.mergeRequest.update({
      where: { id },
      data: {
        status: 'open',
        mergedBy: null,
        mergedAt: null,
        mergeSha: null,
        mergeStyle: null,
        mergeIntent: { sha: mergeSha, style: 'squash', by: bob.id },
      },
    });
    await server.db.event.deleteMany({ where: { subjectId: id, type: 'mr.merged' } });
    await followEvents(server);
    const read = await p.api(ann, 'GET', `/merge-requests/${number}`);
    expect(read.body).toMatchObject({
      status: 'merged',
      mergeSha,
      mergeStyle: 'squash',
      mergedBy: { name: 'bob' },
    });
    expect(await server.db.event.count({ where: { subjectId: id, type: 'mr.merged' } })).toBe(1);
  });
});
