import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { newId } from '../../domain/shared/new-id.ts';
import { startGitServer, type GitServer, type TestUser } from '../support/git-server.ts';
import { reviewProject, type ReviewProject, type RuleBody } from '../support/review-steps.ts';

// Many git processes; a loaded machine takes its time.
jest.setTimeout(240_000);

let server: GitServer;
let ann: TestUser;
const projects: ReviewProject[] = [];
const owned = 'sec/keys.txt';
const text = (line: string) => `${Array(20).fill('the same').join('\n')}\n${line}\n`;

beforeAll(async () => {
  server = await startGitServer();
  ann = await server.user('ann', 'developer', 'maintainer');
  await server.user('cat', 'developer');
}, 240_000);

afterAll(async () => {
  expect(server.errors).toEqual([]);
  for (const { tree } of projects) await tree.remove();
  await server.stop();
});

/** A project in which `sec/` is cat's. */
async function ownedProject(name: string, files: Record<string, string>): Promise<ReviewProject> {
  const project = await reviewProject(server, ann, name, { CODEOWNERS: '/sec/ @cat\n', ...files });
  projects.push(project);
  const rule = { pattern: 'main', requireCodeOwners: true, allowWriters: true };
  expect((await project.api(ann, 'POST', '/protected-branches', rule)).status).toBe(201);
  return project;
}

/** A merge of the branch that is checked out with another, in which `sec/keys.txt` says `line`. */
async function mergeSaying({ tree }: ReviewProject, other: string, line: string): Promise<void> {
  await tree.git('merge', '-q', '--no-commit', '--no-ff', '-s', 'ours', other);
  await tree.git('checkout', other, '--', '.');
  await tree.write({ [owned]: text(line) });
  await tree.commit('merge');
}

async function ruleOf(
  { api }: ReviewProject,
  { number }: { number: number },
  name: string,
): Promise<RuleBody | undefined> {
  const answer = await api<{ rules: RuleBody[] }>(
    ann,
    'GET',
    `/merge-requests/${number}/mergeability`,
  );
  return answer.body.rules.find(({ rule }) => rule === name);
}

const merge = (project: ReviewProject, { number }: { number: number }, style = 'merge') =>
  project.api(ann, 'POST', `/merge-requests/${number}/merge`, { style });

describe('what a merge lands', () => {
  it('is asked of the owners of what lands, also where the target renamed it [A-MR-04]', async () => {
    const project = await ownedProject('renamed', { 'lib/keys.txt': text('good') });
    await project.push('topic', { 'lib/keys.txt': text('other') });
    const request = await project.open('topic');
    expect(await ruleOf(project, request, 'code_owners')).toMatchObject({ state: 'passed' });
    const { tree } = project;
    await tree.git('checkout', '-q', 'main');
    await tree.write({ 'sec/.keep': '' });
    await tree.git('mv', 'lib/keys.txt', owned);
    await tree.commit('rename');
    await tree.git('push', '-q', 'origin', 'main');
    expect(await ruleOf(project, request, 'code_owners')).toMatchObject({
      state: 'missing',
      missing: [expect.stringContaining('@cat')],
    });
    expect((await merge(project, request)).status).toBe(409);
  });

  it('is what is shown, where the branches were merged crosswise before [A-MR-04]', async () => {
    const project = await ownedProject('crosswise', { [owned]: text('good') });
    const { tree, main } = project;
    await project.push('one', { [owned]: text('other') });
    await tree.git('checkout', '-q', '-b', 'two');
    await tree.write({ [owned]: text('good') });
    await tree.commit('back');
    await tree.git('checkout', '-q', 'one');
    await tree.write({ 'b.txt': 'b\n' });
    await tree.commit('b');
    await tree.git('checkout', '-q', '-b', 'first', 'one');
    await mergeSaying(project, 'two', 'good');
    await tree.git('checkout', '-q', '-b', 'second', 'one');
    await mergeSaying(project, 'two', 'other');
    await tree.write({ 'c.txt': 'c\n' });
    await tree.commit('c');
    await tree.git('push', '-q', 'origin', 'first', 'second');
    expect((await merge(project, await project.open('first'), 'merge')).status).toBe(200);
    const request = await project.open('second');
    const shown = await project.api<{ files: { path: string }[] }>(
      ann,
      'GET',
      `/merge-requests/${request.number}/diff`,
    );
    const rule = await ruleOf(project, request, 'conflicts');
    expect([JSON.stringify(shown.body).includes(owned), rule]).toEqual([
      false,
      expect.objectContaining({ state: 'missing', missing: [owned] }),
    ]);
    expect((await merge(project, request)).status).toBe(409);
    // As it says: with the target merged into it, it is shown whole, and its owner is asked.
    await tree.git('checkout', '-q', 'second');
    await tree.git('fetch', '-q', 'origin');
    await tree.git('merge', '-q', '--no-edit', 'origin/main');
    await tree.git('push', '-q', 'origin', 'second');
    expect(await ruleOf(project, request, 'conflicts')).toMatchObject({ state: 'passed' });
    expect(await ruleOf(project, request, 'code_owners')).toMatchObject({ state: 'missing' });
    expect(main).not.toBe(await project.shaOf('main'));
  });

  it('is what is shown, where its commits are replayed and a merge among them is left out [A-MR-05]', async () => {
    for (const style of ['rebase', 'rebase-merge']) {
      const project = await ownedProject(style, { [owned]: text('good') });
      const { tree, main } = project;
      await tree.git('checkout', '-q', '-b', 'side', main);
      await tree.write({ 'a.txt': 'a\n' });
      await tree.commit('a');
      await project.push('topic', { [owned]: text('other') });
      await mergeSaying(project, 'side', 'good');
      await tree.git('push', '-q', 'origin', 'topic');
      const request = await project.open('topic');
      expect(await ruleOf(project, request, 'code_owners')).toMatchObject({ state: 'passed' });
      const refused = await merge(project, request, style);
      expect([refused.status, JSON.stringify(refused.body)]).toEqual([
        409,
        expect.stringContaining('something else than what is shown'),
      ]);
      expect(await project.shaOf('main')).toBe(main);
      expect((await merge(project, request, 'squash')).status).toBe(200);
    }
  });
});

describe('a required check', () => {
  it('is not passed by so many runs of a commit that the one that failed is out of sight [A-MR-04]', async () => {
    const project = await reviewProject(server, ann, 'runs');
    projects.push(project);
    const rule = { pattern: 'main', requiredChecks: ['pipeline'], allowWriters: true };
    expect((await project.api(ann, 'POST', '/protected-branches', rule)).status).toBe(201);
    await project.push('topic', { a: 'x\n' });
    const opened = await project.open('topic');
    const projectId = project.repository.id;
    const runs = Array.from({ length: 201 }, (_, at) => ({
      ...{ id: newId('pipeline'), projectId, number: at + 1, changeId: opened.changeId },
      ...{ gitRef: 'refs/heads/topic', commitSha: opened.headSha },
      ...{ trigger: at === 0 ? 'push' : 'api', status: at === 0 ? 'failure' : 'success' },
    }));
    await server.db.pipeline.createMany({ data: runs });
    const steps = runs.map(({ id: pipelineId, status }, at) => ({
      ...{ id: newId('step'), pipelineId, projectId, status, image: '', stepOrder: 0 },
      name: at === 0 ? 'test' : 'lint',
    }));
    await server.db.pipelineStep.createMany({ data: steps });
    expect(await ruleOf(project, opened, 'check:pipeline')).toMatchObject({ state: 'missing' });
    await server.db.pipeline.delete({ where: { id: runs[1]?.id ?? '' } });
    expect(await ruleOf(project, opened, 'check:pipeline')).toMatchObject({
      state: 'missing',
      detail: expect.stringContaining('pipeline #1'),
    });
  });
});
