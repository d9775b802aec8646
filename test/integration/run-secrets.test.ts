import {
  afterAll,
  afterEach,
  beforeAll,
  beforeEach,
  describe,
  expect,
  it,
  jest,
} from '@jest/globals';
import { judgeHead } from '../../domain/secret/judge-head.ts';
import { git, startGitServer, type GitServer, type TestUser } from '../support/git-server.ts';
import { reviewProject, type ReviewProject } from '../support/review-steps.ts';
import {
  agentWith,
  handPermission,
  secretRuns,
  withToken,
  type SecretRuns,
} from '../support/secret-runs.ts';

// Many git processes; a loaded machine takes its time.
jest.setTimeout(240_000);

let server: GitServer;
let ann: TestUser;
/** an agent that holds project:write on the project and nothing else */
let bot: TestUser;
let p: ReviewProject;
let runs: SecretRuns;
let counter = 0;

beforeAll(async () => {
  server = await startGitServer();
  ann = await server.user('ann', 'developer', 'maintainer');
}, 240_000);

afterAll(async () => {
  expect(server.errors).toEqual([]);
  await server.stop();
});

beforeEach(async () => {
  counter += 1;
  p = await reviewProject(server, ann, `behind-${String(counter)}`);
  const projectId = p.repository.id;
  const handed = { permission: 'project:write', by: ann, projectId };
  bot = await agentWith(server, `bot-${String(counter)}`, handed);
  runs = secretRuns(server, p);
  await runs.secret('KEY');
});

afterEach(() => p.tree.remove());

const main = 'refs/heads/main';
const topic = 'refs/heads/topic';
const refusal = (...words: string[]) => words.reduce(all, expect.stringContaining('KEY'));
const all = (sofar: unknown, word: string): unknown => {
  const wanted = expect.stringContaining(word) as { asymmetricMatch(other: unknown): boolean };
  const before = sofar as { asymmetricMatch(other: unknown): boolean };
  return {
    asymmetricMatch: (other: unknown) =>
      before.asymmetricMatch(other) && wanted.asymmetricMatch(other),
    toString: () => `a refusal that says ${word}`,
  };
};
const protect = (rule: object) =>
  p.api(ann, 'POST', '/protected-branches', { pattern: 'main', ...rule });

/** A merge request of a branch that somebody pushed, approved by ann where that is asked for, and merged by somebody. */
async function merged(branch: string, by: TestUser, options: { approvedBy?: TestUser } = {}) {
  const { number, headSha } = await p.open(branch, {}, bot);
  if (options.approvedBy !== undefined) {
    const review = { verdict: 'approve', commitSha: headSha };
    await p.api(options.approvedBy, 'POST', `/merge-requests/${String(number)}/reviews`, review);
  }
  const done = await p.api(by, 'POST', `/merge-requests/${String(number)}/merge`, {});
  expect(done.status).toBe(200);
}

describe('commits that others do not have', () => {
  it('are told by git, whatever of the others is gone; nothing is told of a commit that is not there [A-GIT-03]', async () => {
    const first = await runs.push(ann, 'topic');
    const second = await runs.push(ann, 'topic');
    const [repoPath, gone] = [`ann/behind-${String(counter)}.git`, 'd'.repeat(40)];
    const ask = (sha: string, without: string[], limit = 10) =>
      server.store.commitsWithout(repoPath, { sha, without, limit });
    expect(await ask(second, [p.main, gone])).toEqual([second, first]);
    expect(await ask(second, [second])).toEqual([]);
    expect(await ask(second, [], 2)).toBeNull();
    expect(await ask(gone, [])).toBeNull();
  });
});

describe('what is asked of the database and of git', () => {
  /** Statements and looks into git of one judgement of main. */
  async function costOf(): Promise<{ statements: number; looks: number; why: string | null }> {
    const cost = { statements: 0, looks: 0 };
    const counted = server.db.$extends({
      query: {
        $allOperations({ args, query }) {
          cost.statements += 1;
          return query(args);
        },
      },
    }) as unknown as typeof server.db;
    const store: typeof server.store = {
      ...server.store,
      commitsWithout: (...asked) => {
        cost.looks += 1;
        return server.store.commitsWithout(...asked);
      },
    };
    const { why } = await judgeHead(counted, store, {
      ...{ projectId: p.repository.id, ref: main, askedBy: [], openedAt: null, isLasting: false },
      commitSha: (await p.tree.git('rev-parse', 'origin/main')).trim(),
    });
    return { ...cost, why };
  }

  it('is bounded, however many branches somebody makes of what others have pushed [A-SEC-04]', async () => {
    const middle: string[] = [];
    for (let nth = 0; nth < 4; nth += 1) {
      await p.tree.write({ 'file.txt': `${String(nth)}\n` });
      middle.push(await p.tree.commit(`commit ${String(nth)}`));
    }
    await git(p.tree.dir, ['push', '-q', 'origin', 'HEAD:main'], { token: ann.token });
    await p.tree.git('fetch', '-q', 'origin');
    const branches = async (from: number, to: number) => {
      const data = Array.from({ length: to - from }, (_, at) => ({
        id: `push_${String(counter)}_${String(from + at)}`,
        ...{ projectId: p.repository.id, changeId: 'x', pusherId: bot.id, withSecrets: false },
        createdAt: new Date(Date.now() + from + at),
        updates: [
          {
            ref: `refs/heads/b${String(from + at)}`,
            oldSha: '0'.repeat(40),
            newSha: middle[at % 3] ?? '',
          },
        ],
      }));
      await server.db.push.createMany({ data });
    };
    await branches(0, 3);
    const few = await costOf();
    expect(few.why).toBeNull();
    await branches(3, 48);
    expect(await costOf()).toEqual(few);
    await branches(48, 240);
    // One more for each 50 of them.
    expect(await costOf()).toEqual({ ...few, statements: few.statements + 4 });
  });
});

describe('secrets of a run', () => {
  it('go to a branch of somebody who may use them, and to none that an agent with project:write alone pushed [A-SEC-04]', async () => {
    await runs.push(ann, 'own');
    expect(await runs.given({ ref: 'refs/heads/own', by: ann }, 'KEY')).toEqual(['KEY']);
    await runs.push(bot, 'topic');
    const refused = await runs.given({ ref: topic, by: bot }, 'KEY');
    expect(refused).toEqual(refusal(bot.name, 'secret:read', 'project:delegate'));
    // by whomever it is started or run again
    expect(await runs.given({ ref: topic, by: ann }, 'KEY')).toEqual(refusal(bot.name));
    const handed = { permission: 'secret:read', by: ann, projectId: p.repository.id };
    await handPermission(server, bot, handed);
    await runs.push(bot, 'later');
    expect(await runs.given({ ref: 'refs/heads/later', by: bot }, 'KEY')).toEqual(['KEY']);
  });

  it('go to no run that such a one asked for, of whatever branch and commit [A-SEC-04]', async () => {
    await runs.push(ann, 'own');
    expect(await runs.given({ ref: 'refs/heads/own', by: bot }, 'KEY')).toEqual(refusal(bot.name));
    expect(await runs.given({ ref: main, by: bot }, 'KEY')).toEqual(refusal(bot.name));
    // a commit that belongs to no branch: nobody can be asked who led it there
    const lone = { ref: p.main, sha: p.main, by: ann };
    expect(await runs.given(lone, 'KEY')).toEqual(refusal('nobody knows who pushed'));
  });

  it('go to nothing that is built upon work of such a one, on the same branch or another [A-SEC-04]', async () => {
    await runs.push(bot, 'topic');
    await runs.push(ann, 'topic');
    expect(await runs.given({ ref: topic, by: ann }, 'KEY')).toEqual(refusal(bot.name));
    await runs.push(ann, 'stacked', 'origin/topic');
    const stacked = { ref: 'refs/heads/stacked', by: ann };
    expect(await runs.given(stacked, 'KEY')).toEqual(refusal(bot.name, 'topic'));
    await git(p.tree.dir, ['tag', 'v1', 'origin/topic']);
    await git(p.tree.dir, ['push', '-q', 'origin', 'v1'], { token: ann.token });
    expect(await runs.given({ ref: 'refs/tags/v1', by: ann }, 'KEY')).toEqual(refusal(bot.name));
  });

  it('stop where such a one pushed to the unprotected default branch, for what is made from it too [A-SEC-04]', async () => {
    expect(await runs.given({ ref: main, by: ann }, 'KEY')).toEqual(['KEY']);
    await runs.push(bot, 'main');
    await runs.push(ann, 'main');
    expect(await runs.given({ ref: main, by: ann }, 'KEY')).toEqual(refusal(bot.name, 'main'));
    await runs.push(ann, 'own');
    expect(await runs.given({ ref: 'refs/heads/own', by: ann }, 'KEY')).toEqual(refusal(bot.name));
    // Whoever closes the branch answers for what it holds.
    await protect({ pushUserIds: [ann.id] });
    expect(await runs.given({ ref: main, by: ann }, 'KEY')).toEqual(['KEY']);
    expect(await runs.given({ ref: 'refs/heads/own', by: ann }, 'KEY')).toEqual(['KEY']);
  });

  it('go on where somebody who may use them merged that work, and not where its author did [A-SEC-04]', async () => {
    await runs.push(bot, 'topic');
    await merged('topic', ann);
    expect(await runs.given({ ref: main, by: ann }, 'KEY')).toEqual(['KEY']);
    expect(await runs.given({ ref: topic, by: ann }, 'KEY')).toEqual(refusal(bot.name));
    await runs.push(bot, 'other');
    await merged('other', bot);
    expect(await runs.given({ ref: main, by: ann }, 'KEY')).toEqual(refusal(bot.name));
  });

  it('are not opened by a merge to work that was taken out of the branch before, nor go to what lies below a push and was never one [A-SEC-04]', async () => {
    const lost = await runs.push(bot, 'topic');
    await git(p.tree.dir, ['push', '-q', 'origin', '+HEAD~1:refs/heads/topic'], {
      token: bot.token,
    });
    await p.tree.git('checkout', '-q', 'HEAD~1');
    await runs.push(bot, 'topic');
    await merged('topic', ann);
    expect(await runs.given({ ref: main, by: ann }, 'KEY')).toEqual(['KEY']);
    expect(await runs.given({ ref: main, by: ann, sha: lost }, 'KEY')).toEqual(refusal(bot.name));
    await p.tree.write({ 'hidden.txt': 'below\n' });
    const below = await p.tree.commit('below');
    await p.tree.write({ 'hidden.txt': 'above\n' });
    await p.tree.commit('above');
    await git(p.tree.dir, ['push', '-q', 'origin', 'HEAD:refs/heads/two'], { token: bot.token });
    const unknown = await runs.given({ ref: main, by: ann, sha: below }, 'KEY');
    expect(unknown).toEqual(refusal('nobody knows who pushed'));
  });

  it('count a push by the credential that made it: a token without secret:read brings none [A-SEC-04]', async () => {
    const small = await withToken(server, ann, ['project:read', 'project:write']);
    await runs.push(small, 'topic');
    expect(await runs.given({ ref: topic, by: ann }, 'KEY')).toEqual(refusal('ann', 'token'));
    const large = await withToken(server, ann, ['project:write', 'secret:read']);
    await runs.push(large, 'other');
    expect(await runs.given({ ref: 'refs/heads/other', by: ann }, 'KEY')).toEqual(['KEY']);
  });

  it('go to a protected branch that was reached by its rules, whoever wrote it, protected ones too [A-SEC-04]', async () => {
    await runs.secret('SEALED_KEY', { isProtected: true });
    await protect({ requiredApprovals: 1 });
    await runs.push(bot, 'topic');
    const dan = await server.user('dan', 'developer');
    await merged('topic', bot, { approvedBy: dan });
    const both = ['KEY', 'SEALED_KEY'];
    expect(await runs.given({ ref: main, by: bot }, ...both)).toEqual(both);
    // no approval was asked for: what its author merged nobody answers for
    const [rule] = (await p.api<{ items: { id: string }[] }>(ann, 'GET', '/protected-branches'))
      .body.items;
    await p.api(ann, 'PATCH', `/protected-branches/${rule?.id ?? ''}`, { requiredApprovals: 0 });
    await runs.push(bot, 'other');
    await merged('other', bot);
    expect(await runs.given({ ref: main, by: ann }, 'KEY')).toEqual(refusal(bot.name));
  });

  it('that are protected go to protected branches and tags of them, and nowhere else [A-SEC-04]', async () => {
    await runs.secret('KEY', { isProtected: true });
    const unprotected = await runs.given({ ref: main, by: ann }, 'KEY');
    expect(unprotected).toEqual(refusal('is protected', 'secret:write'));
    await protect({ pushUserIds: [ann.id] });
    await runs.push(ann, 'main');
    expect(await runs.given({ ref: main, by: ann }, 'KEY')).toEqual(['KEY']);
    await runs.push(ann, 'own');
    const own = await runs.given({ ref: 'refs/heads/own', by: ann }, 'KEY');
    expect(own).toEqual(refusal('is protected'));
    await git(p.tree.dir, ['tag', 'v1', 'origin/main']);
    await git(p.tree.dir, ['push', '-q', 'origin', 'v1'], { token: ann.token });
    expect(await runs.given({ ref: 'refs/tags/v1', by: ann }, 'KEY')).toEqual(['KEY']);
    await git(p.tree.dir, ['tag', 'v2', 'origin/main']);
    await git(p.tree.dir, ['push', '-q', 'origin', 'v2'], { token: bot.token });
    expect(await runs.given({ ref: 'refs/tags/v2', by: ann }, 'KEY')).toEqual(refusal(bot.name));
  });

  it('are not taken from others by a branch that brings nothing, nor by people who leave [A-SEC-04]', async () => {
    const first = await runs.push(ann, 'own');
    await runs.push(ann, 'own');
    // both of them heads, and a commit between two heads
    const pushes = [`${first}:refs/heads/copy`, `${p.main}:refs/heads/older`];
    await git(p.tree.dir, ['push', '-q', 'origin', ...pushes], { token: bot.token });
    expect(await runs.given({ ref: 'refs/heads/own', by: ann }, 'KEY')).toEqual(['KEY']);
    const eve = await server.user(`eve-${String(counter)}`, 'developer');
    await runs.push(eve, 'main');
    await runs.push(eve, 'topic');
    await server.db.user.update({ where: { id: eve.id }, data: { isActive: false } });
    expect(await runs.given({ ref: main, by: ann }, 'KEY')).toEqual(['KEY']);
    expect(await runs.given({ ref: topic, by: ann }, 'KEY')).toEqual(refusal(eve.name));
  });

  it('go to no push that nobody is known to have made, until somebody who may use them pushes that commit [A-SEC-04]', async () => {
    const sha = await runs.push(ann, 'own');
    await server.db.push.updateMany({
      where: { updates: { array_contains: [{ newSha: sha }] } },
      data: { pusherId: null, withSecrets: false },
    });
    const own = { ref: 'refs/heads/own', by: ann };
    expect(await runs.given(own, 'KEY')).toEqual(refusal('nobody knows who pushed'));
    await git(p.tree.dir, ['push', '-q', 'origin', `${sha}:refs/heads/again`], {
      token: ann.token,
    });
    expect(await runs.given({ ref: 'refs/heads/again', by: ann }, 'KEY')).toEqual(['KEY']);
  });
});
