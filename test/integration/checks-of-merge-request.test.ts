import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { targetOfRun } from '../../domain/review/target-of-run.ts';
import { startGitServer, type GitServer, type TestUser } from '../support/git-server.ts';
import {
  followEvents,
  makeChecks,
  reviewProject,
  type ReviewProject,
  type RuleBody,
} from '../support/review-steps.ts';

jest.setTimeout(240_000);

const definition = (on: string) => `on: ${on}
steps:
  - name: lint
    commands: "true"
  - name: test
    commands: "false"
    when: {branch: main}
`;

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

/** A project whose main asks for the whole pipeline, a branch `other`, and work on `topic`. */
async function checkedProject(name: string, on: string) {
  const p = await reviewProject(server, ann, name, { '.platform.yaml': definition(on) });
  made.push(p);
  await p.tree.git('push', '--quiet', 'origin', 'main:other');
  const rule = { pattern: 'main', requiredChecks: ['pipeline'] };
  expect((await p.api(ann, 'POST', '/protected-branches', rule)).status).toBe(201);
  return { ...p, head: await p.push('topic', { 'a.txt': 'a\n' }) };
}

async function checkOf(p: ReviewProject, number: number): Promise<RuleBody | undefined> {
  const at = `/merge-requests/${String(number)}/mergeability`;
  const { body } = await p.api<{ rules: RuleBody[] }>(bob, 'GET', at);
  return body.rules.find(({ rule }) => rule === 'check:pipeline');
}

const merge = async (p: ReviewProject, number: number) =>
  (await p.api(bob, 'POST', `/merge-requests/${String(number)}/merge`, {})).status;

/** The runs of merge requests, as the workers would leave green ones that skipped `test`. */
async function endRuns(p: ReviewProject): Promise<void> {
  const runs = await server.db.pipeline.findMany({
    where: { projectId: p.repository.id, trigger: 'mr', status: 'pending' },
  });
  for (const run of runs) {
    const step = { projectId: p.repository.id, image: '' };
    await server.db.pipeline.update({
      where: { id: run.id },
      data: {
        status: 'success',
        steps: {
          create: [
            { ...step, id: `${run.id}-1`, stepOrder: 0, name: 'lint', status: 'success' },
            { ...step, id: `${run.id}-2`, stepOrder: 1, name: 'test', status: 'skipped' },
          ],
        },
      },
    });
  }
}

const runsInto = (p: ReviewProject) =>
  server.db.pipeline.findMany({
    where: { projectId: p.repository.id, trigger: 'mr' },
    orderBy: { number: 'asc' },
  });

describe('the required checks of a merge request', () => {
  it('are none that ran for another target: with another one it gets a run of its own [A-MR-04]', async () => {
    const p = await checkedProject('retargeted', 'merge_request');
    const { number } = await p.open('topic', { targetBranch: 'other' }, bob);
    await followEvents(server);
    await endRuns(p);
    const at = `/merge-requests/${String(number)}`;
    const into = (targetBranch: string) => p.api(bob, 'PATCH', at, { targetBranch });
    expect((await into('main')).status).toBe(200);
    expect(await checkOf(p, number)).toMatchObject({ state: 'missing' });
    expect(await merge(p, number)).toBe(409);
    await followEvents(server);
    const runs = await runsInto(p);
    expect(runs.map(({ status, targetBranch }) => [status, targetBranch])).toEqual([
      ['success', 'other'],
      ['pending', 'main'],
    ]);
    expect(await merge(p, number)).toBe(409);
    // Each is planned for what it was made for, whatever the merge request goes into when its turn comes.
    expect((await into('other')).status).toBe(200);
    await followEvents(server);
    const planned = await Promise.all(
      (await runsInto(p)).map((run) => targetOfRun(server.db, run)),
    );
    expect(planned.map((one) => one?.targetBranch)).toEqual(['other', 'main']);
  });

  it('are none of another merge request of the same head [A-MR-04]', async () => {
    const p = await checkedProject('same-head', 'merge_request');
    const into = await p.open('topic', {}, bob);
    await p.open('topic', { targetBranch: 'other' }, bob);
    await followEvents(server);
    const mine = { projectId: p.repository.id, targetBranch: 'main' };
    await server.db.pipeline.updateMany({ where: mine, data: { status: 'cancelled' } });
    await endRuns(p);
    expect(await checkOf(p, into.number)).toMatchObject({ state: 'missing' });
    expect(await merge(p, into.number)).toBe(409);
  });

  it('wait for the run of the merge request, however green that of the push is [A-MR-04]', async () => {
    const p = await checkedProject('overtaken', '[push, merge_request]');
    const of = { projectId: p.repository.id, commitSha: p.head };
    await makeChecks(server, {
      ...of,
      status: 'success',
      steps: { lint: 'success' },
      trigger: 'push',
    });
    const { number } = await p.open('topic', {}, bob);
    expect(await checkOf(p, number)).toMatchObject({
      state: 'pending',
      detail: 'The pipeline of the merge request has not begun yet.',
    });
    expect(await merge(p, number)).toBe(409);
    await followEvents(server);
    expect(await runsInto(p)).toMatchObject([{ status: 'pending', targetBranch: 'main' }]);
    expect(await merge(p, number)).toBe(409);
  });

  it('are those of a push to its own branch, not of one of the same commit to another ref [A-MR-04]', async () => {
    const p = await checkedProject('other-ref', 'push');
    const { number } = await p.open('topic', {}, bob);
    await followEvents(server);
    const run = { projectId: p.repository.id, commitSha: p.head, trigger: 'push' };
    const green = { status: 'success', steps: { lint: 'success', test: 'skipped' } };
    await makeChecks(server, { ...run, ...green, gitRef: 'refs/heads/elsewhere' });
    await makeChecks(server, { ...run, ...green, gitRef: 'refs/tags/topic' });
    expect(await checkOf(p, number)).toMatchObject({ state: 'missing' });
    expect(await merge(p, number)).toBe(409);
    await makeChecks(server, { ...run, ...green });
    expect(await checkOf(p, number)).toMatchObject({ state: 'passed' });
  });
});
