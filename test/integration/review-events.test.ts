import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { publishEvent } from '../../domain/event/publish-event.ts';
import { newId } from '../../domain/shared/new-id.ts';
import { startGitServer, type GitServer, type TestUser } from '../support/git-server.ts';
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
