import { afterAll, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { barredFrom } from '../../domain/gate/own-agents-work.ts';
import { moveBranches } from '../../domain/git/move-branches.ts';
import { keepPushIntent } from '../../domain/git/push-intents.ts';
import { repairRefs } from '../../domain/git/repair-refs.ts';
import { heavyBy, runHere } from '../../domain/heavy/heavy.ts';
import type { RefUpdate } from '../../contracts/event/types.ts';
import { authenticateToken } from '../../domain/identity/authenticate.ts';
import { onlyFor } from '../../domain/identity/credential-limits.ts';
import { callerFor } from '../../domain/identity/system-user.ts';
import { delegationChainOf } from '../../domain/identity/delegation-chain-of.ts';
import { createRepositoryReader } from '../../domain/pipeline/repository-reader.ts';
import { startPipeline } from '../../domain/pipeline/start-pipeline.ts';
import { newId } from '../../domain/shared/new-id.ts';
import { git, startGitServer, type GitServer, type TestUser } from '../support/git-server.ts';
import {
  followEvents,
  reviewProject,
  type ReviewProject,
  type RuleBody,
} from '../support/review-steps.ts';
import { agentWith, secretRuns, type SecretRuns } from '../support/secret-runs.ts';

// Many git processes; a loaded machine takes its time.
jest.setTimeout(240_000);

let server: GitServer;
let ann: TestUser;
let bob: TestUser;
let mal: TestUser;
let bot: TestUser;
let p: ReviewProject;
let pushing: SecretRuns;
let counter = 0;

beforeAll(async () => {
  server = await startGitServer();
  ann = await server.user('ann', 'developer', 'maintainer');
  bob = await server.user('bob', 'developer');
  mal = await server.user('mal', 'developer');
}, 240_000);
afterAll(async () => {
  expect(server.errors).toEqual([]);
  await server.stop();
});
beforeEach(async () => {
  counter += 1;
  p = await reviewProject(server, ann, `unknown-${String(counter)}`);
  pushing = secretRuns(server, p);
  const handed = { permission: 'project:write', by: ann, projectId: p.repository.id };
  bot = await agentWith(server, `bot-${String(counter)}`, handed);
});

/** A commit on a branch that no push is known of, as one is left by a process that died before it was recorded. */
async function found(branch: string, { isRecorded = true } = {}): Promise<string> {
  await pushing.push(bob, `${branch}-aside`, `origin/${branch}`);
  const sha = (await p.tree.git('rev-parse', 'HEAD')).trim();
  await server.db.push.deleteMany({
    where: { projectId: p.repository.id, updates: { array_contains: [{ newSha: sha }] } },
  });
  await git(p.repository.dir, ['update-ref', `refs/heads/${branch}`, sha]);
  if (isRecorded) await repairRefs(server.db, server.store, p.repository.id);
  return sha;
}

describe('a ref that moved while its record was not written', () => {
  it('by a merge is of whoever merged, and as answered for by the rules of its target as any merge [A-GIT-02][A-SEC-04]', async () => {
    const rule = { pattern: 'main', allowWriters: false, requiredApprovals: 1 };
    expect((await p.api(ann, 'POST', '/protected-branches', rule)).status).toBe(201);
    const newSha = await pushing.push(bob, 'topic');
    const { db } = server;
    const projectId = p.repository.id;
    const ref = 'refs/heads/main';
    const moves = [{ ref, oldSha: p.main, newSha }];
    const changeId = newId('change');
    const merge = (after: () => Promise<never>) =>
      moveBranches(db, server.store, {
        ...{ projectId, changeId, isMerge: true, meant: moves, after },
        caller: callerFor({ ...mal, kind: 'human' }, onlyFor('project:write')),
        plan: () => Promise.resolve(moves),
      });
    await expect(merge(() => Promise.reject(new Error('the database is away')))).rejects.toThrow();
    const merged = { projectId, updates: { array_contains: [{ ref, newSha }] } };
    const pushes = await db.push.findMany({ where: merged });
    expect(pushes).toMatchObject([{ pusherId: mal.id, changeId, withDeploy: false }]);
    expect(await db.vouchedHead.count({ where: { projectId, ref, sha: newSha } })).toBe(1);
    expect(await db.pushIntent.count({ where: { projectId } })).toBe(0);
  });

  it('is of whoever was about to push it, with its audit row; what nobody was about to push is nobody’s [A-GIT-02]', async () => {
    await pushing.push(bob, 'meant');
    const { db } = server;
    const projectId = p.repository.id;
    const [meant, other] = ['refs/heads/meant', 'refs/heads/other'];
    const [oldSha, newSha] = [(await p.shaOf('meant')) ?? '', p.main];
    const updates = [{ ref: meant, oldSha, newSha }];
    const caller = callerFor({ ...bob, kind: 'human' }, onlyFor('project:write'));
    const left = { updates: [{ ...updates[0], newSha: 'f'.repeat(40) }], isSkipped: false };
    await keepPushIntent(db, caller, projectId, left as { updates: RefUpdate[]; isSkipped: false });
    await keepPushIntent(db, caller, projectId, { updates, isSkipped: false });
    for (const ref of [meant, other]) await git(p.repository.dir, ['update-ref', ref, newSha]);
    expect(await repairRefs(db, server.store, projectId)).toBe(2);
    const pushes = await db.push.findMany({ where: { projectId }, orderBy: { id: 'desc' } });
    const newest = pushes
      .slice(0, 2)
      .map(({ pusherId, updates: of }) => [(of as unknown as RefUpdate[])[0]?.ref, pusherId]);
    expect(Object.fromEntries(newest)).toEqual({ [meant]: bob.id, [other]: null });
    const audits = await db.auditEntry.findMany({ where: { projectId, action: 'git.pushed' } });
    expect(audits.filter((row) => JSON.stringify(row.detail).includes(newSha))).toContainEqual(
      expect.objectContaining({ actorId: bob.id }),
    );
    // the other was not carried out, and may be yet
    expect(await db.pushIntent.count({ where: { projectId } })).toBe(1);
    await db.pushIntent.updateMany({ where: { projectId }, data: { createdAt: new Date(0) } });
    expect(await repairRefs(db, server.store, projectId)).toBe(0);
    expect(await db.pushIntent.count({ where: { projectId } })).toBe(0);
  });
});

describe('a merge request with a commit whose pusher nobody knows', () => {
  const rulesAt = async (at: string) =>
    (await p.api<{ rules: RuleBody[] }>(ann, 'GET', `${at}/mergeability`)).body.rules;
  const approvals = async (at: string) =>
    (await rulesAt(at)).find(({ rule }) => rule === 'approvals');

  it.each([true, false])(
    'is approved by nobody until somebody pushes that commit once more, and not by that one (recorded: %s) [A-MR-04]',
    async (isRecorded) => {
      const rule = { pattern: 'main', requiredApprovals: 1 };
      expect((await p.api(ann, 'POST', '/protected-branches', rule)).status).toBe(201);
      await pushing.push(bob, 'topic');
      const { number } = await p.open('topic', {}, bob);
      const at = `/merge-requests/${String(number)}`;
      const sha = await found('topic', { isRecorded });
      for (const who of [mal, ann]) {
        await p.api(who, 'POST', `${at}/reviews`, { verdict: 'approve', commitSha: sha });
      }
      expect(await approvals(at)).toMatchObject({
        state: 'missing',
        detail: expect.stringContaining(`Nobody knows who pushed commit ${sha.slice(0, 12)}`),
        missing: expect.arrayContaining(['mal: nobody knows whether they pushed it']),
      });
      expect((await p.api(mal, 'POST', `${at}/merge`, {})).status).toBe(409);
      const again = ['push', '-q', 'origin', `${sha}:refs/heads/again`];
      expect((await git(p.tree.dir, again, { token: mal.token })).code).toBe(0);
      expect(await approvals(at)).toMatchObject({
        state: 'passed',
        detail: '1 of 1 approvals of this commit.',
      });
      const [mine] = await server.db.mrReview.findMany({
        where: { reviewerId: ann.id, verdict: 'approve' },
        orderBy: { id: 'desc' },
      });
      await server.db.mrReview.delete({ where: { id: mine?.id ?? '' } });
      expect(await approvals(at)).toMatchObject({
        state: 'missing',
        missing: expect.arrayContaining(['mal: pushed commits of it, or their agent did']),
      });
    },
  );
});

describe('a run of a commit that nobody is known to have pushed', () => {
  /** Who may not decide at a gate of a run that ann starts of a ref or commit. */
  async function barred(ref: string): Promise<ReadonlySet<string>> {
    const reader = createRepositoryReader(server.store, heavyBy(runHere));
    const caller = {
      principal: await authenticateToken(server.db, ann.token),
      request: { requestId: 'request', ipAddr: null, traceparent: null },
    };
    const input = { projectId: p.repository.id, ref };
    const { id } = await startPipeline(server.db, reader, caller, input);
    const run = await server.db.pipeline.findUniqueOrThrow({ where: { id } });
    return await barredFrom(server.db, { requestedBy: run.triggeredBy, originIds: run.originIds });
  }

  it('is the work of the agents that pushed to the project, below whatever head it came along [A-RBAC-18]', async () => {
    await pushing.push(ann, 'own');
    const first = await pushing.push(bob, 'before');
    expect([...(await barred('own')), ...(await barred(first))]).toEqual([]);
    await p.tree.git('checkout', '-q', '-B', 'agent', 'origin/main');
    await p.tree.write({ 'work.txt': 'of the agent\n' });
    const below = await p.tree.commit('work');
    await p.tree.write({ 'more.txt': 'of the agent\n' });
    await p.tree.commit('more');
    const push = ['push', '-q', 'origin', 'HEAD:refs/heads/agent'];
    expect((await git(p.tree.dir, push, { token: bot.token })).code).toBe(0);
    for (const ref of ['agent', below]) {
      const ids = await barred(ref);
      expect([ids.has(ann.id), ids.has(bot.id)]).toEqual([true, true]);
    }
    expect([...(await barred('own'))]).toEqual([]);
  });

  it('that was found without its push is the work of each agent that may write, until somebody pushes it [A-RBAC-18]', async () => {
    await pushing.push(bob, 'topic');
    const sha = await found('topic');
    expect((await barred('topic')).has(ann.id)).toBe(true);
    // Also of one that was let in once, and has nothing any more.
    const agent = await server.user(`once-${String(counter)}`);
    await server.db.user.update({ where: { id: agent.id }, data: { kind: 'agent' } });
    const agentGrantor = { agentId: agent.id, grantorId: mal.id };
    expect((await barred('topic')).has(mal.id)).toBe(false);
    await server.db.agentGrantor.create({ data: agentGrantor });
    expect((await barred('topic')).has(mal.id)).toBe(true);
    await server.db.agentGrantor.deleteMany({ where: agentGrantor });
    const again = ['push', '-q', 'origin', `${sha}:refs/heads/again`];
    expect((await git(p.tree.dir, again, { token: bob.token })).code).toBe(0);
    expect([...(await barred('topic'))]).toEqual([]);
    await followEvents(server);
  });
});

describe('an agent that was let in by a role or a token', () => {
  it('acts for whoever gave it these, also when they are taken back: it approves nothing of theirs, nor they of it [A-RBAC-18][A-MR-02]', async () => {
    const rule = { pattern: 'main', requiredApprovals: 1 };
    expect((await p.api(ann, 'POST', '/protected-branches', rule)).status).toBe(201);
    const agent = await server.user(`let-in-${String(counter)}`);
    await server.db.user.update({ where: { id: agent.id }, data: { kind: 'agent' } });
    const member = { user: agent.name, role: 'developer' };
    expect((await p.api(ann, 'POST', '/members', member)).status).toBe(201);
    await pushing.push(ann, 'topic');
    const { number } = await p.open('topic', {}, ann);
    const at = `/merge-requests/${String(number)}`;
    await p.api(agent, 'POST', `${at}/reviews`, { verdict: 'approve' });
    const blocked = await p.api(agent, 'POST', `${at}/merge`, {});
    expect([blocked.status, blocked.body]).toMatchObject([409, { code: 'merge_blocked' }]);
    await server.db.userRole.deleteMany({ where: { userId: agent.id } });
    expect([...(await delegationChainOf(server.db, [agent.id])).keys()]).toContain(ann.id);
    const admin = await server.user(`root-${String(counter)}`, 'admin');
    const token = { name: 'made', scopes: ['project:read'], user: agent.name };
    expect((await server.api(admin, 'POST', '/api/v1/tokens', token)).status).toBe(201);
    const chain = await delegationChainOf(server.db, [agent.id]);
    expect([...chain.keys()]).toEqual(expect.arrayContaining([admin.id, ann.id, bot.id]));
  });
});
