import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { startGitServer, type GitServer, type TestUser } from '../support/git-server.ts';
import { reviewProject, type ReviewProject, type RuleBody } from '../support/review-steps.ts';

// Many git processes; a loaded machine takes its time.
jest.setTimeout(240_000);

let server: GitServer;
let bob: TestUser;
let cat: TestUser;
let p: ReviewProject & { at: string };

/** A project whose main asks for its owners and may be pushed to, with a merge request open. */
beforeAll(async () => {
  server = await startGitServer();
  const ann = await server.user('ann', 'developer', 'maintainer');
  bob = await server.user('bob', 'developer');
  cat = await server.user('cat', 'developer');
  const project = await reviewProject(server, ann, 'places');
  await project.push('topic', { 'src/a.txt': 'a\n' });
  const rule = { pattern: 'main', requireCodeOwners: true, allowWriters: true };
  expect((await project.api(ann, 'POST', '/protected-branches', rule)).status).toBe(201);
  const { number } = await project.open('topic');
  p = { ...project, at: `/merge-requests/${number}` };
}, 240_000);

afterAll(async () => {
  expect(server.errors).toEqual([]);
  await p.tree.remove();
  await server.stop();
});

async function ownersRule(): Promise<RuleBody> {
  const answer = await p.api<{ rules: RuleBody[] }>(bob, 'GET', `${p.at}/mergeability`);
  const found = answer.body.rules.find(({ rule }) => rule === 'code_owners');
  if (found === undefined) throw new Error('there is no rule of code owners');
  return found;
}

const merge = () => p.api(bob, 'POST', `${p.at}/merge`, {});

describe('code owners', () => {
  it('reads the owners wherever a forge keeps them, and is not kept by a file that it cannot read [A-MR-04]', async () => {
    const places = ['.gitea', '.gitlab', 'docs', '.slipway', '', '.github'];
    expect(await ownersRule()).toMatchObject({
      state: 'passed',
      detail: 'The target branch has no file CODEOWNERS: nobody has to approve.',
    });
    for (const [at, folder] of places.entries()) {
      const file = path.posix.join(folder, 'CODEOWNERS');
      await p.push('main', { [file]: `src/${'*'.repeat(at + 1)} @cat\n` });
      const rule = await ownersRule();
      expect(rule).toMatchObject({ state: 'missing', missing: [expect.stringMatching(/: @cat$/)] });
      expect(rule.detail).toContain(`(${file}`);
      expect((await merge()).status).toBe(409);
    }
    await p.api(cat, 'POST', `${p.at}/reviews`, { verdict: 'approve' });
    expect(await ownersRule()).toMatchObject({ state: 'passed' });
    const faulty: [string, string][] = [
      ['* @cat\n!docs/ @cat\n', 'line 2: !docs/ takes back what was said, which is not known here'],
      ['* @cat\n/other @org/team\n', 'line 2: @org/team is nobody here'],
      ['* @cat\n/other sam@example.org\n', 'line 2: sam@example.org is nobody here'],
      [`* @cat\n#${'x'.repeat(1024 * 1024)}`, 'it is larger than 1 MiB'],
    ];
    for (const [text, fault] of faulty) {
      await p.push('main', { '.github/CODEOWNERS': text });
      expect(await ownersRule()).toMatchObject({
        state: 'missing',
        missing: [fault],
      });
      expect((await merge()).status).toBe(409);
    }
    await p.push('main', { '.github/CODEOWNERS': '* @cat cat@example.test\n' });
    expect((await merge()).status).toBe(200);
  });
});
