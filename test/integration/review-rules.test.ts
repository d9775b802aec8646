import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { newId } from '../../domain/shared/new-id.ts';
import { startGitServer, type GitServer, type TestUser } from '../support/git-server.ts';
import {
  agentOf,
  followEvents,
  delegateTo,
  makeChecks,
  reviewProject,
  type MergeRequestBody,
  type ReviewProject,
  type RuleBody,
} from '../support/review-steps.ts';

jest.setTimeout(240_000);

let server: GitServer;
let ann: TestUser;
let bob: TestUser;
let cat: TestUser;
const made: ReviewProject[] = [];

beforeAll(async () => {
  server = await startGitServer();
  ann = await server.user('ann', 'developer', 'maintainer');
  bob = await server.user('bob', 'developer');
  cat = await server.user('cat', 'developer');
}, 240_000);

afterAll(async () => {
  expect(server.errors).toEqual([]);
  await Promise.all(made.map(({ tree }) => tree.remove()));
  await server.stop();
});

/** A project whose main is protected by these rules, with a merge request open from `topic`. */
async function protectedProject(name: string, rule: object, files = { 'src/a.txt': 'a\n' }) {
  const p = await reviewProject(server, ann, name, {
    'README.md': '# Hello\n',
    CODEOWNERS: '# who owns what\n*        @bob\n/docs/   @cat\nsrc/gen/\n',
    'docs/CODEOWNERS': '* @ann\n',
  });
  made.push(p);
  const head = await p.push('topic', files);
  const answer = await p.api(ann, 'POST', '/protected-branches', { pattern: 'main', ...rule });
  expect(answer.status).toBe(201);
  const request = await p.open('topic');
  await followEvents(server);
  return { ...p, head, at: `/merge-requests/${request.number}`, request };
}

async function rulesOf(p: ReviewProject & { at: string }): Promise<Record<string, RuleBody>> {
  const answer = await p.api<{ rules: RuleBody[] }>(bob, 'GET', `${p.at}/mergeability`);
  expect(answer.status).toBe(200);
  return Object.fromEntries(answer.body.rules.map((rule) => [rule.rule, rule]));
}

const review = (p: ReviewProject & { at: string }, who: TestUser, verdict: string, more = {}) =>
  p.api<{ stale: boolean }>(who, 'POST', `${p.at}/reviews`, { verdict, ...more });

/** A run of a commit as the workers would leave it. */
const run = (
  projectId: string,
  commitSha: string,
  status: string,
  steps: object,
  trigger = 'push',
) => makeChecks(server, { projectId, commitSha, status, steps, trigger });

/** An agent that somebody handed something on to. */
const makeAgent = (name: string, delegatorId: string) => agentOf(server, name, delegatorId);

describe('reviews', () => {
  it('keep each verdict with its text and its commit, and refuse any other word [A-MR-02]', async () => {
    const p = await protectedProject('verdicts', {});
    for (const verdict of ['approve', 'request_changes', 'comment']) {
      const answer = await review(p, bob, verdict, { body: `I say ${verdict}` });
      expect(answer.status).toBe(201);
    }
    expect((await review(p, bob, 'reject')).status).toBe(400);
    const listed = await p.api<{ items: object[] }>(ann, 'GET', `${p.at}/reviews`);
    expect(listed.body.items).toEqual(
      ['approve', 'request_changes', 'comment'].map((verdict) =>
        expect.objectContaining({
          verdict,
          body: `I say ${verdict}`,
          commitSha: p.head,
          stale: false,
          reviewer: expect.objectContaining({ name: 'bob' }),
        }),
      ),
    );
    const where = { mrId: p.request.id };
    const kept = await server.db.mrReview.findMany({ where, orderBy: { id: 'asc' } });
    expect(kept.map((one) => one.verdict)).toEqual(['approve', 'request_changes', 'comment']);
  });

  it('approve one head only: a push makes them stale, and voids the approval [A-MR-02]', async () => {
    const p = await protectedProject('stale', { requiredApprovals: 1 });
    expect((await rulesOf(p))['approvals']).toMatchObject({ state: 'missing' });
    await review(p, bob, 'approve');
    expect((await rulesOf(p))['approvals']).toMatchObject({ state: 'passed' });
    await p.push('topic', { 'src/b.txt': 'b\n' });
    const after = await rulesOf(p);
    expect(after['approvals']).toMatchObject({
      state: 'missing',
      missing: ['bob: approved an older commit'],
    });
    const merge = await p.api(bob, 'POST', `${p.at}/merge`, {});
    expect(merge).toMatchObject({ status: 409, body: { code: 'merge_blocked' } });
    const listed = await p.api<{ items: object[] }>(ann, 'GET', `${p.at}/reviews`);
    expect(listed.body.items).toEqual([expect.objectContaining({ stale: true })]);
    const updates = await server.db.event.findMany({
      where: { subjectId: p.request.id, type: 'mr.updated' },
    });
    expect(updates.map(({ payload }) => payload)).toEqual([
      expect.objectContaining({ previousHeadSha: p.head, staleApprovals: 1 }),
    ]);
  });

  it('that ask for changes block until the same person reviews again [A-MR-02]', async () => {
    const p = await protectedProject('changes', {});
    await review(p, cat, 'request_changes');
    await review(p, cat, 'comment');
    await review(p, bob, 'approve');
    expect((await rulesOf(p))['changes_requested']).toMatchObject({
      state: 'missing',
      missing: ['cat'],
    });
    expect((await p.api(bob, 'POST', `${p.at}/merge`, {})).status).toBe(409);
    await review(p, cat, 'approve');
    expect((await p.api(bob, 'POST', `${p.at}/merge`, {})).status).toBe(200);
  });

  it('do not approve one’s own work, nor that of one’s own agent [A-MR-02]', async () => {
    const p = await protectedProject('own', { requiredApprovals: 1 });
    expect((await review(p, ann, 'approve')).status).toBe(403);
    expect((await review(p, ann, 'comment')).status).toBe(201);
    const agent = await makeAgent('robot', bob.id);
    await p.push('agents', { 'src/c.txt': 'c\n' });
    const theirs = await p.open('agents', {}, agent);
    const of = { ...p, at: `/merge-requests/${theirs.number}` };
    expect((await review(of, bob, 'approve')).status).toBe(403);
    expect((await review(of, agent, 'approve')).status).toBe(403);
    expect((await review(of, cat, 'approve')).status).toBe(201);
    expect((await rulesOf(of))['approvals']).toMatchObject({ state: 'passed' });
    // A delegation that comes later takes the approval back.
    await delegateTo(server, cat.id, agent.id);
    expect((await rulesOf(of))['approvals']).toMatchObject({ state: 'missing' });
    // Nor through an agent of the agent.
    const second = await makeAgent('robot-two', agent.id);
    await p.push('deeper', { 'src/d.txt': 'd\n' });
    const deeper = await p.open('deeper', {}, second);
    const at = `/merge-requests/${deeper.number}`;
    for (const who of [bob, cat, agent, second])
      expect((await review({ ...p, at }, who, 'approve')).status).toBe(403);
  });

  it('count a person and the agents that act for them once [A-MR-02] [A-RBAC-18]', async () => {
    const p = await protectedProject('one-voice', { requiredApprovals: 2 });
    const agent = await makeAgent('echo', cat.id);
    const echo = await makeAgent('echo-two', agent.id);
    for (const who of [echo, agent, cat])
      expect((await review(p, who, 'approve')).status).toBe(201);
    const rule = (await rulesOf(p))['approvals'];
    expect(rule).toMatchObject({ state: 'missing' });
    expect(rule?.detail).toMatch(
      /^1 of 2 approvals of this commit\. One voice with whom they act for: .*echo/,
    );
    await review(p, bob, 'approve');
    expect((await rulesOf(p))['approvals']).toMatchObject({ state: 'passed' });
  });
});

describe('mergeability', () => {
  it('names a required check that never reported, and blocks by it [A-MR-04]', async () => {
    const p = await protectedProject('checks', { requiredChecks: ['test', 'pipeline'] });
    const { id } = p.repository;
    expect(await rulesOf(p)).toMatchObject({
      'check:test': { state: 'missing', missing: ['test'] },
      'check:pipeline': { state: 'missing', detail: expect.stringContaining('has not reported') },
    });
    const refused = await p.api<{ errors: { pointer: string; detail: string }[] }>(
      bob,
      'POST',
      `${p.at}/merge`,
      {},
    );
    expect(refused.status).toBe(409);
    expect(refused.body.errors.map(({ pointer }) => pointer)).toEqual([
      '#/rules/check:test',
      '#/rules/check:pipeline',
    ]);
    expect(refused.body.errors[0]?.detail).toContain('test has not reported');
    await run(id, p.main, 'success', { test: 'success' });
    expect((await rulesOf(p))['check:test']).toMatchObject({ state: 'missing' });
    await run(id, p.head, 'success', { build: 'success' });
    expect(await rulesOf(p)).toMatchObject({
      'check:test': { state: 'missing' },
      'check:pipeline': { state: 'passed' },
    });
    await run(id, p.head, 'running', { test: 'pending' }, 'mr');
    expect(await rulesOf(p)).toMatchObject({
      'check:test': { state: 'pending' },
      'check:pipeline': { state: 'pending' },
    });
    expect((await p.api(bob, 'POST', `${p.at}/merge`, {})).status).toBe(409);
    await server.db.pipelineStep.updateMany({
      where: { pipeline: { commitSha: p.head } },
      data: { status: 'success' },
    });
    await server.db.pipeline.updateMany({
      where: { commitSha: p.head },
      data: { status: 'success' },
    });
    expect((await p.api(bob, 'POST', `${p.at}/merge`, {})).status).toBe(200);
  });

  it('asks the owners of changed files, as the target branch names them [A-MR-04]', async () => {
    const files = { 'src/a.txt': 'a\n', 'docs/x.md': 'x\n', 'src/gen/y.txt': 'y\n' };
    const p = await protectedProject('owners', { requireCodeOwners: true }, files);
    expect((await rulesOf(p))['code_owners']).toMatchObject({
      state: 'missing',
      missing: ['/docs/: @cat', '*: @bob'],
    });
    await review(p, bob, 'approve');
    expect((await rulesOf(p))['code_owners']).toMatchObject({ missing: ['/docs/: @cat'] });
    // A file in the source branch cannot take the owners away.
    await p.push('topic', { CODEOWNERS: '' });
    await review(p, bob, 'approve');
    expect((await p.api(bob, 'POST', `${p.at}/merge`, {})).status).toBe(409);
    await review(p, cat, 'approve');
    expect((await p.api(bob, 'POST', `${p.at}/merge`, {})).status).toBe(200);
  });

  it('holds to the styles of project and branch, and the branch cannot be pushed past them [A-MR-04]', async () => {
    const p = await protectedProject('styles', { mergeStyles: ['squash', 'rebase'] });
    expect(
      (await p.api(ann, 'PATCH', '', { mergeStyles: ['merge', 'squash'] })).body,
    ).toMatchObject({ mergeStyles: ['merge', 'squash'], defaultMergeStyle: 'merge' });
    expect((await p.api(ann, 'PATCH', '', { defaultMergeStyle: 'rebase' })).status).toBe(400);
    expect((await p.api(bob, 'PATCH', '', { mergeStyles: ['merge'] })).status).toBe(403);
    const answer = await p.api(bob, 'GET', `${p.at}/mergeability`);
    expect(answer.body).toMatchObject({
      mergeable: true,
      style: 'squash',
      allowedStyles: ['squash'],
    });
    expect((await p.api(bob, 'POST', `${p.at}/merge`, { style: 'merge' })).status).toBe(409);
    await p.tree.git('checkout', '-q', 'topic');
    await expect(p.tree.git('push', '-q', 'origin', 'topic:main')).rejects.toThrow(/protected/);
    expect((await p.api(bob, 'POST', `${p.at}/merge`, {})).status).toBe(200);
    expect(await p.shaOf('main')).not.toBe(p.main);
  });

  it('tells a head that was looked at from the one there is, and a source branch that is gone [A-MR-04]', async () => {
    const p = await protectedProject('moved', {});
    await p.push('topic', { 'src/b.txt': 'b\n' });
    const stale = await p.api(bob, 'POST', `${p.at}/merge`, { headSha: p.head });
    expect(stale).toMatchObject({ status: 409, body: { code: 'conflict' } });
    await p.tree.git('push', '-q', 'origin', ':topic');
    expect((await rulesOf(p))['branches']).toMatchObject({ state: 'missing', missing: ['topic'] });
    expect((await p.api(bob, 'POST', `${p.at}/merge`, {})).status).toBe(409);
    expect((await p.api(ann, 'GET', p.at)).body).toMatchObject({ sourceDeleted: true });
  });
});

describe('an automatic merge', () => {
  const completed = async (p: { repository: { id: string } }, commitSha: string) => {
    const { publishEvent } = await import('../../domain/event/publish-event.ts');
    await server.db.$transaction((tx) =>
      publishEvent(tx, {
        type: 'pipeline.completed',
        projectId: p.repository.id,
        subjectId: newId('pipeline'),
        payload: { number: 1, status: 'success', commitSha },
      }),
    );
  };

  it('happens when the last rule passes, in the name of who asked for it [A-MR-03]', async () => {
    const rule = { requiredApprovals: 1, requiredChecks: ['test'] };
    const p = await protectedProject('auto', rule);
    const armed = await p.api<MergeRequestBody>(bob, 'POST', `${p.at}/auto-merge`, {
      style: 'squash',
      deleteSource: true,
    });
    expect(armed).toMatchObject({ status: 200, body: { autoMerge: { style: 'squash' } } });
    await review(p, cat, 'approve');
    await followEvents(server);
    expect((await p.api(ann, 'GET', p.at)).body).toMatchObject({ status: 'open' });
    await run(p.repository.id, p.head, 'success', { test: 'success' });
    await completed(p, p.head);
    await followEvents(server);
    expect((await p.api(ann, 'GET', p.at)).body).toMatchObject({
      status: 'merged',
      mergeStyle: 'squash',
      mergedBy: { name: 'bob' },
      sourceDeleted: true,
      autoMerge: null,
    });
  });

  it('is called off by a push, by hand, and when its author may not merge any more [A-MR-03]', async () => {
    const p = await protectedProject('auto-off', { requiredChecks: ['test'] });
    const arm = () => p.api(bob, 'POST', `${p.at}/auto-merge`, {});
    await arm();
    const head = await p.push('topic', { 'src/b.txt': 'b\n' });
    await run(p.repository.id, head, 'success', { test: 'success' });
    await completed(p, head);
    await followEvents(server);
    expect((await p.api(ann, 'GET', p.at)).body).toMatchObject({ status: 'open', autoMerge: null });
    expect((await p.api(bob, 'DELETE', `${p.at}/auto-merge`)).status).toBe(409);
    await arm();
    expect((await p.api(bob, 'DELETE', `${p.at}/auto-merge`)).status).toBe(200);
    const guest = await server.user('guest', 'developer');
    await p.api(guest, 'POST', `${p.at}/auto-merge`, {});
    await server.db.user.update({ where: { id: guest.id }, data: { isActive: false } });
    await followEvents(server);
    expect((await p.api(ann, 'GET', p.at)).body).toMatchObject({ status: 'open', autoMerge: null });
    const events = await server.db.event.count({
      where: { subjectId: p.request.id, type: 'mr.auto_merge_cancelled' },
    });
    expect(events).toBe(2);
  });
});
