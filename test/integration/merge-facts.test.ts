import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import type { Spawner } from '../../adapters/spawner/spawner.ts';
import { git, startGitServer, type GitServer, type TestUser } from '../support/git-server.ts';
import { reviewProject, type ReviewProject, type RuleBody } from '../support/review-steps.ts';
import { type HeldSpawner, holdSpawner } from '../support/shared-spawner.ts';

jest.setTimeout(240_000);

let held: HeldSpawner;
let server: GitServer;
let ann: TestUser;
let p: ReviewProject;
let children = 0;

beforeAll(async () => {
  held = holdSpawner();
  const spawner: Spawner = {
    start: (plan) => {
      children += 1;
      return held.spawner.start(plan);
    },
    close: () => Promise.resolve(),
  };
  server = await startGitServer({ store: { spawner } });
  ann = await server.user('ann', 'developer', 'maintainer');
  p = await reviewProject(server, ann, 'shop', { 'a.txt': 'a\n' });
}, 240_000);

afterAll(async () => {
  await p.tree.remove();
  await server.stop();
  await held.release();
});

interface Answer {
  headSha: string;
  targetSha: string;
  rules: RuleBody[];
}

describe('what a merge would be', () => {
  it('is worked out once for two commits, and looked up without a process of git from then on [A-MR-04]', async () => {
    const head = await p.push('topic', { 'b.txt': 'b\n' });
    const { number } = await p.open('topic');
    const read = async (): Promise<{ answer: Answer; cost: number }> => {
      const before = children;
      const { body } = await p.api<Answer>(ann, 'GET', `/merge-requests/${number}/mergeability`);
      return { answer: body, cost: children - before };
    };
    const stateOf = ({ rules }: Answer, name: string) =>
      rules.find((rule) => rule.rule === name)?.state;
    const first = await read();
    expect(first.answer).toMatchObject({ headSha: head, targetSha: p.main });
    expect(first.cost).toBeGreaterThan(0);
    expect(await read()).toEqual({ answer: first.answer, cost: 0 });
    // packed refs say it as well
    await git(p.repository.dir, ['pack-refs', '--all', '--prune']);
    expect(await read()).toEqual({ answer: first.answer, cost: 0 });
    // and a ref of its own wins over them
    const conflicting = await p.push('topic', { 'a.txt': 'theirs\n' });
    await p.push('main', { 'a.txt': 'ours\n' });
    const after = (await read()).answer;
    expect(after.headSha).toBe(conflicting);
    expect(after.targetSha).not.toBe(p.main);
    expect([stateOf(first.answer, 'conflicts'), stateOf(after, 'conflicts')]).toEqual([
      'passed',
      'missing',
    ]);
    expect(await read()).toEqual({ answer: after, cost: 0 });
  });
});
