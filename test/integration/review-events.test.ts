import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import type { Log } from '../../contracts/log.ts';
import { publishEvent } from '../../domain/event/publish-event.ts';
import { careForRepository } from '../../domain/git/care-for-repository.ts';
import { newId } from '../../domain/shared/new-id.ts';
import { git, startGitServer, type GitServer, type TestUser } from '../support/git-server.ts';
import { followEvents, reviewProject, type ReviewProject } from '../support/review-steps.ts';

// Many git processes; a loaded machine takes its time.
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

async function project(name: string): Promise<ReviewProject> {
  const p = await reviewProject(server, ann, name);
  made.push(p);
  return p;
}

describe('what commits say they close', () => {
  async function tracked(name: string) {
    const p = await project(name);
    for (const title of ['one', 'two', 'three']) await p.api(bob, 'POST', '/issues', { title });
    return {
      ...p,
      async closed(): Promise<number[]> {
        const { body } = await p.api<{ items: { number: number }[] }>(
          bob,
          'GET',
          '/issues?status=closed',
        );
        return body.items.map((issue) => issue.number).sort();
      },
    };
  }

  it('is closed by a push to the default branch, once, in the name of whoever pushed [A-ISS-03]', async () => {
    const p = await tracked('pushed');
    await p.push('main', { 'a.txt': 'a\n' }, 'work\n\nFixes #2');
    await followEvents(server);
    expect(await p.closed()).toEqual([2]);
    const event = await server.db.event.findFirstOrThrow({
      where: { projectId: p.repository.id, type: 'issue.status_changed' },
    });
    expect(event).toMatchObject({
      actorId: ann.id,
      payload: { closedBy: { push: expect.any(String) } },
    });
    const audit = await server.db.auditEntry.findFirst({
      where: { projectId: p.repository.id, action: 'issue.closed' },
    });
    expect(audit).toMatchObject({ actorId: ann.id, detail: { number: 2 } });
    // Somebody thinks otherwise: that the event comes once more changes nothing.
    await p.api(bob, 'POST', '/issues/2/reopen');
    await server.db.eventCursor.update({
      where: { consumer: 'review' },
      data: { xid: 0n, seq: 0n },
    });
    await followEvents(server);
    expect(await p.closed()).toEqual([]);
  });

  it('stays open until it reaches the default branch, whatever it is merged into before [A-ISS-03]', async () => {
    const p = await tracked('merged');
    await p.tree.git('push', '-q', 'origin', 'main:develop');
    await p.push('topic', { 'a.txt': 'a\n' }, 'work\n\nFixes #1');
    const { number } = await p.open('topic', { targetBranch: 'develop', body: 'closes #3' });
    const merged = await p.api(bob, 'POST', `/merge-requests/${number}/merge`, {});
    expect(merged).toMatchObject({ status: 200 });
    await followEvents(server);
    expect(await p.closed()).toEqual([]);
    const up = await p.open('develop');
    await p.api(bob, 'POST', `/merge-requests/${up.number}/merge`, {});
    expect(await p.closed()).toEqual([1]);
    // The merge has done it; its push, followed later, has no say.
    await p.api(bob, 'POST', '/issues/1/reopen');
    await followEvents(server);
    expect(await p.closed()).toEqual([]);
  });
});

describe('an automatic merge', () => {
  it('that can never be is called off with a remark that says why [A-MR-03]', async () => {
    const p = await project('too-many');
    await p.push('topic', { 'a.txt': 'a\n' });
    const loop = '!for i in $(seq 501); do git commit -q --allow-empty -m "$i" || exit 1; done';
    await p.tree.git('-c', `alias.many=${loop}`, 'many');
    await p.tree.git('push', '-q', 'origin', 'topic');
    await p.push('main', { 'b.txt': 'b\n' });
    const at = `/merge-requests/${(await p.open('topic')).number}`;
    const armed = await p.api(bob, 'POST', `${at}/auto-merge`, { style: 'rebase' });
    expect(armed).toMatchObject({ status: 200, body: { autoMerge: { style: 'rebase' } } });
    await followEvents(server);
    expect((await p.api(ann, 'GET', at)).body).toMatchObject({ status: 'open', autoMerge: null });
    const { body } = await p.api(ann, 'GET', `${at}/comments`);
    expect(body).toMatchObject({
      items: [
        {
          body: 'The automatic merge was called off: More than 500 commits cannot be rebased here.',
          author: { displayName: 'Slipway' },
        },
      ],
    });
  });

  it('is asked for on the head that was looked at, and on no other [A-MR-03]', async () => {
    const p = await project('looked-at');
    const seen = await p.push('topic', { 'a.txt': 'a\n' });
    await p.api(ann, 'POST', '/protected-branches', { pattern: 'main', requiredChecks: ['test'] });
    const at = `/merge-requests/${(await p.open('topic')).number}`;
    const head = await p.push('topic', { 'b.txt': 'b\n' });
    const stale = await p.api(bob, 'POST', `${at}/auto-merge`, { headSha: seen });
    expect(stale).toMatchObject({ status: 409, body: { code: 'conflict' } });
    const armed = await p.api(bob, 'POST', `${at}/auto-merge`, { headSha: head });
    expect(armed).toMatchObject({ status: 200, body: { headSha: head } });
    await followEvents(server);
    expect((await p.api(ann, 'GET', at)).body).toMatchObject({ autoMerge: { style: 'merge' } });
  });

  it('waits in one name for so many merge requests, and no more [A-MR-03]', async () => {
    const p = await project('many-armed');
    const eli = await server.user('eli', 'developer');
    await p.push('topic', { 'a.txt': 'a\n' });
    const { number, headSha } = await p.open('topic');
    const of = { projectId: p.repository.id, authorId: ann.id, title: 'x', headSha };
    const data = Array.from({ length: 200 }, (_, n) => ({
      ...of,
      ...{ id: newId('mergeRequest'), number: 1000 + n, changeId: newId('change') },
      ...{ sourceBranch: `s${String(n)}`, targetBranch: 'main', autoMergeStyle: 'merge' },
      autoMergeBy: eli.id,
    }));
    await server.db.mergeRequest.createMany({ data });
    const arm = () => p.api(eli, 'POST', `/merge-requests/${String(number)}/auto-merge`, {});
    expect(await arm()).toMatchObject({ status: 409, body: { code: 'conflict' } });
    await server.db.mergeRequest.delete({ where: { id: data[0]?.id ?? '' } });
    expect((await arm()).status).toBe(200);
    await server.db.mergeRequest.deleteMany({ where: { number: { gte: 1000 } } });
  });

  it('happens when its check is green, though a later gate of the same run waits [A-MR-03]', async () => {
    const p = await project('gated-run');
    const commitSha = await p.push('topic', { 'a.txt': 'a\n' });
    await p.api(ann, 'POST', '/protected-branches', { pattern: 'main', requiredChecks: ['test'] });
    const at = `/merge-requests/${(await p.open('topic')).number}`;
    await p.api(bob, 'POST', `${at}/auto-merge`, {});
    await followEvents(server);
    expect((await p.api(ann, 'GET', at)).body).toMatchObject({ status: 'open' });
    const projectId = p.repository.id;
    const step = (name: string, status: string, stepOrder: number) => ({
      ...{ id: newId('step'), projectId, stepOrder, name, image: '', status },
    });
    const pipelineId = newId('pipeline');
    await server.db.pipeline.create({
      data: {
        ...{ id: pipelineId, projectId, number: 1, changeId: newId('change'), trigger: 'push' },
        ...{ gitRef: 'refs/heads/topic', commitSha, status: 'running' },
        steps: { create: [step('test', 'success', 0), step('approve', 'waiting', 1)] },
      },
    });
    await server.db.$transaction((tx) =>
      publishEvent(tx, {
        type: 'step.completed',
        projectId,
        payload: { pipelineId, step: 'test', status: 'success' },
      }),
    );
    await followEvents(server);
    expect((await p.api(ann, 'GET', at)).body).toMatchObject({
      status: 'merged',
      mergedBy: { name: 'bob' },
    });
  });
});

describe('the head of a merge request', () => {
  it('is fetched as refs/merge-requests/… and refs/pull/…, follows pushes, and outlives its branch [A-GIT-01]', async () => {
    const p = await project('fetched');
    const first = await p.push('topic', { 'a.txt': 'a\n' });
    const { number } = await p.open('topic');
    const names = ['merge-requests', 'pull'].map((name) => `refs/${name}/${number}/head`);
    const shown = async () => {
      const lines = (await p.tree.git('ls-remote', 'origin', ...names)).trim().split('\n');
      return lines.map((line) => line.split('\t')[0]);
    };
    expect(await shown()).toEqual([first, first]);
    await p.tree.git('fetch', '-q', 'origin', `refs/pull/${number}/head`);
    expect((await p.tree.git('rev-parse', 'FETCH_HEAD')).trim()).toBe(first);
    const second = await p.push('topic', { 'b.txt': 'b\n' });
    await followEvents(server);
    expect(await shown()).toEqual([second, second]);
    await p.tree.git('push', '-q', 'origin', ':topic');
    await p.api(ann, 'POST', `/merge-requests/${number}/close`);
    await followEvents(server);
    await git(p.repository.dir, ['-c', 'gc.reflogExpire=now', 'gc', '--prune=now', '--quiet']);
    expect(await shown()).toEqual([second, second]);
    expect((await git(p.repository.dir, ['cat-file', '-e', second])).code).toBe(0);
    for (const ref of names) {
      const push = await git(p.tree.dir, ['push', 'origin', `+main:${ref}`], { token: ann.token });
      expect(push.stderr).toContain('deny updating a hidden ref');
    }
    expect(await shown()).toEqual([second, second]);
    // One of before there were such refs gets them from the care of its repository; a branch is no news to pipelines.
    const input = names.map((ref) => `delete ${ref}\n`).join('');
    await git(p.repository.dir, ['update-ref', '--stdin'], { input });
    expect(await shown()).toEqual(['']);
    const pushes = () => server.db.push.count({ where: { projectId: p.repository.id } });
    const before = await pushes();
    const log = { debug: () => 0, info: () => 0, warn: () => 0, error: () => 0 };
    const deps = { db: server.db, gitStore: server.store, log: log as unknown as Log };
    const options = { fsck: false, signal: new AbortController().signal };
    await careForRepository(deps, p.repository.id, options);
    expect(await shown()).toEqual([second, second]);
    expect(await pushes()).toBe(before);
  });
});

describe('a squash', () => {
  it('credits everybody once, in one block of trailers [A-MR-03]', async () => {
    const p = await project('trailers');
    const cat = 'Co-authored-by: Cat <cat@example.test>';
    await p.push(
      'topic',
      { 'a.txt': 'a\n' },
      `one\n\n${cat}\nSigned-off-by: Ann <ann@example.com>`,
    );
    await p.push('topic', { 'b.txt': 'b\n' }, 'two\n\nCo-Authored-By: cat <CAT@example.test>');
    await p.push(
      'topic',
      { 'c.txt': 'c\n' },
      'three\n\n---\nSigned-off-by: Dan <dan@example.test>',
    );
    const body =
      '# Why\n\nIt helps.\r\n\r\n# Signed\n\nSigned-off-by: Bob <bob@example.test>\nCo-authored-by: Ann <ann@example.com>';
    const { number } = await p.open('topic', { title: 'All of it', body });
    const style = 'squash';
    expect((await p.api(bob, 'POST', `/merge-requests/${number}/merge`, { style })).status).toBe(
      200,
    );
    const { stdout } = await git(p.repository.dir, ['log', '-1', '--format=%B', 'main']);
    expect(stdout.trim()).toBe(
      `All of it (!${number})\n\n# Why\n\nIt helps.\n\n# Signed\n\n` +
        'Signed-off-by: Bob <bob@example.test>\nCo-authored-by: Ann <ann@example.com>\n' +
        `Signed-off-by: Ann <ann@example.com>\nSigned-off-by: Dan <dan@example.test>\n${cat}`,
    );
    // Words of one's own get the same; a heading at their end is no comment.
    await p.push('more', { 'd.txt': 'd\n' }, `four\n\n${cat}`);
    const more = await p.open('more');
    const message = 'My words\n\n# The end';
    await p.api(bob, 'POST', `/merge-requests/${more.number}/merge`, { style, message });
    const second = await git(p.repository.dir, ['log', '-1', '--format=%B', 'main']);
    expect(second.stdout.trim()).toBe(
      `${message}\n\n${cat}\nCo-authored-by: Ann <ann@example.com>`,
    );
  });
});

describe('a draft', () => {
  it('is not merged, by hand or by itself, before it is marked as ready [A-MR-04]', async () => {
    const p = await project('drafts');
    await p.push('topic', { 'a.txt': 'a\n' });
    const { number } = await p.open('topic', { title: '[WIP] Draft: all of it' });
    const at = `/merge-requests/${number}`;
    expect((await p.api(bob, 'GET', at)).body).toMatchObject({ draft: true });
    const refused = await p.api(bob, 'POST', `${at}/merge`, {});
    expect(refused).toMatchObject({
      status: 409,
      body: { code: 'merge_blocked', errors: [{ pointer: '#/rules/draft' }] },
    });
    expect((await p.api(bob, 'GET', `${at}/mergeability`)).body).toMatchObject({
      mergeable: false,
    });
    expect((await p.api(bob, 'POST', `${at}/auto-merge`, {})).status).toBe(200);
    await followEvents(server);
    expect((await p.api(bob, 'GET', at)).body).toMatchObject({ status: 'open' });
    const ready = await p.api(ann, 'PATCH', at, { draft: false });
    expect(ready).toMatchObject({ status: 200, body: { title: 'all of it', draft: false } });
    await followEvents(server);
    expect((await p.api(bob, 'GET', at)).body).toMatchObject({ status: 'merged' });
    await p.push('other', { 'b.txt': 'b\n' });
    const other = await p.open('other', { title: 'WIP:', draft: true });
    expect(other).toMatchObject({ title: 'WIP:' });
    const nameless = await p.api(ann, 'PATCH', `/merge-requests/${other.number}`, { draft: false });
    expect(nameless).toMatchObject({ status: 422, body: { errors: [{ pointer: '#/title' }] } });
    const named = { title: 'Draft: b', draft: false };
    expect(
      (await p.api(ann, 'PATCH', `/merge-requests/${other.number}`, named)).body,
    ).toMatchObject({ title: 'b' });
    expect(
      (await p.api(ann, 'PATCH', `/merge-requests/${other.number}`, { draft: true })).body,
    ).toMatchObject({ title: 'Draft: b', draft: true });
  });
});
