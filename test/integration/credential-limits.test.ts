import { afterAll, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import type { DeployPlan } from '../../contracts/pipeline/types.ts';
import { resolveDeploys } from '../../domain/deploy/declare-deployments.ts';
import { heavyBy, runHere } from '../../domain/heavy/heavy.ts';
import { authenticateToken } from '../../domain/identity/authenticate.ts';
import { createRepositoryReader } from '../../domain/pipeline/repository-reader.ts';
import { rerunPipeline } from '../../domain/pipeline/rerun-pipeline.ts';
import { triggerPipelinesForPush } from '../../domain/pipeline/trigger-pipelines.ts';
import { Prisma } from '../../prisma/generated/client.ts';
import { drainEvents } from '../support/drain-events.ts';
import { startGitServer, type GitServer, type TestUser } from '../support/git-server.ts';
import { followEvents, type ReviewProject } from '../support/review-steps.ts';
import {
  agentWith,
  handPermission,
  limitedProject,
  withToken,
  type SecretRuns,
} from '../support/secret-runs.ts';

// Many git processes; a loaded machine takes its time.
jest.setTimeout(240_000);

let server: GitServer;
let ann: TestUser;
let small: TestUser;
let p: ReviewProject;
let runs: SecretRuns;
let counter = 0;

const main = 'refs/heads/main';

beforeAll(async () => {
  server = await startGitServer();
  ann = await server.user('ann', 'developer', 'maintainer', 'ops');
}, 240_000);
afterAll(async () => {
  expect(server.errors).toEqual([]);
  await server.stop();
});
beforeEach(async () => {
  counter += 1;
  ({ p, runs, small } = await limitedProject(server, ann, `limits-${String(counter)}`));
});

/** A merge request of one more commit that merges itself, all of it by one credential. */
async function armed(who: TestUser, branch = 'topic') {
  await runs.push(who, branch);
  const { number, id } = await p.open(branch, {}, who);
  const at = `/merge-requests/${String(number)}`;
  expect((await p.api(who, 'POST', `${at}/auto-merge`, {})).status).toBe(200);
  return { at, id };
}
const statusOf = async (at: string) =>
  (await p.api<{ status: string }>(ann, 'GET', at)).body.status;
const remarksOn = async (mrId: string) =>
  (await server.db.comment.findMany({ where: { mrId } })).map(({ body }) => body);

/** Keeps merge requests from merging until a check has passed, which none of these has. */
const holdMerges = () =>
  p.api(ann, 'POST', '/protected-branches', { pattern: 'main', requiredChecks: ['never'] });

describe('an automatic merge', () => {
  it('answers for secrets as its token would have by merging at once, and not as its whole person [A-SEC-04][A-MR-03]', async () => {
    const large = await withToken(server, ann, ['project:write', 'secret:read']);
    for (const [who, branch, answer] of [
      [large, 'first', ['KEY']],
      [small, 'second', expect.stringMatching(/pushed to (main|second) without secret:read/)],
    ] as const) {
      const { at } = await armed(who, branch);
      await followEvents(server);
      expect(await statusOf(at)).toBe('merged');
      expect(await runs.given({ ref: main, by: ann }, 'KEY')).toEqual(answer);
    }
  });

  it('is called off with a remark when its token is revoked, before anything else happens [A-MR-03]', async () => {
    await holdMerges();
    const { at, id } = await armed(small);
    await followEvents(server);
    expect((await p.api(ann, 'GET', at)).body).toMatchObject({ autoMerge: { style: 'merge' } });
    const token = await server.db.apiToken.findFirstOrThrow({
      where: { userId: ann.id, name: 'small' },
      orderBy: { createdAt: 'desc' },
    });
    const revoked = await server.api(ann, 'DELETE', `/api/v1/tokens/${token.id}`);
    expect(revoked.status).toBe(204);
    await followEvents(server);
    expect((await p.api(ann, 'GET', at)).body).toMatchObject({ status: 'open', autoMerge: null });
    expect(await remarksOn(id)).toEqual([
      'The automatic merge was called off: The token that ann asked for it with was revoked.',
    ]);
  });

  it('is called off with a remark when the account is disabled, and when it is gone [A-MR-03]', async () => {
    await holdMerges();
    const admin = await server.user(`admin-${String(counter)}`, 'admin');
    const dan = await server.user(`dan-${String(counter)}`, 'developer');
    await runs.push(ann, 'topic');
    const { number, id } = await p.open('topic');
    const at = `/merge-requests/${String(number)}`;
    for (const [method, body] of [['PATCH', { isActive: false }], ['DELETE']] as const) {
      await p.api(dan, 'POST', `${at}/auto-merge`, {});
      await followEvents(server);
      const ended = await server.api(admin, method, `/api/v1/users/${dan.name}`, body);
      expect(ended.ok).toBe(true);
      await followEvents(server);
      expect((await p.api(ann, 'GET', at)).body).toMatchObject({ status: 'open', autoMerge: null });
      if (method === 'DELETE') break;
      await server.db.user.update({ where: { id: dan.id }, data: { isActive: true } });
      dan.token = (await withToken(server, dan, ['*:*'])).token;
    }
    expect(await remarksOn(id)).toEqual([
      expect.stringMatching(/called off: The account of dan-\d+, who asked for it, is disabled/),
      expect.stringMatching(/called off: The account of whoever asked for it is gone/),
    ]);
  });

  it('that was asked for before limits were kept happens still, and answers for no secrets [A-SEC-04][A-MR-03]', async () => {
    await runs.push(small, 'topic');
    const { number, id } = await p.open('topic');
    await p.api(ann, 'POST', `/merge-requests/${String(number)}/auto-merge`, {});
    const data = { autoMergeLimits: Prisma.DbNull };
    await server.db.mergeRequest.update({ where: { id }, data });
    await followEvents(server);
    expect(await statusOf(`/merge-requests/${String(number)}`)).toBe('merged');
    expect(await runs.given({ ref: main, by: ann }, 'KEY')).toContain('pushed to');
  });
});

describe('a run', () => {
  /** The runs that pushes asked for, made as the dispatcher makes them. */
  async function followPushes() {
    const reader = createRepositoryReader(server.store, heavyBy(runHere));
    await drainEvents(server.db, 'core', async (event) => {
      if (event.type !== 'git.pushed') return;
      await triggerPipelinesForPush(server.db, reader, event);
    });
  }
  const plan = {
    ...{ environment: 'production', image: 'registry.example/app:1', skipReason: null },
    ...{ isImplicit: false, approvals: 0, bakeMs: 0, healthTimeoutMs: 1000 },
    ...{ target: null, manifestPath: null },
  } as unknown as DeployPlan;
  /** why the newest run of a branch may not deploy; null when it may */
  async function whyNotDeployed(branch: string): Promise<string | null> {
    await followPushes();
    const run = await server.db.pipeline.findFirstOrThrow({
      where: { projectId: p.repository.id, gitRef: `refs/heads/${branch}` },
      orderBy: { number: 'desc' },
    });
    const made = await resolveDeploys(server.db, run, [plan]);
    if ('problem' in made) throw new Error(made.problem);
    return made.refused[0] ?? null;
  }

  it('deploys from a branch of its own by a credential that may deploy, and by no other of the same person [A-DEP-04][A-PIPE-02]', async () => {
    await runs.push(ann, 'whole');
    expect(await whyNotDeployed('whole')).toBeNull();
    const deployer = await withToken(server, ann, ['project:write', 'deploy:promote']);
    await runs.push(deployer, 'deploying');
    expect(await whyNotDeployed('deploying')).toBeNull();
    await runs.push(small, 'narrow');
    expect(await whyNotDeployed('narrow')).toContain('the token that the run was started with');
    await server.db.apiToken.deleteMany({ where: { userId: ann.id, name: 'small' } });
    expect(await whyNotDeployed('deploying')).toContain('was revoked');
  });

  it('is run again by somebody who may deploy without becoming theirs: whoever pushed to the branch is asked too [A-DEP-04][A-PIPE-02]', async () => {
    const mal = await server.user(`mal-${String(counter)}`, 'developer');
    const again = async (branch: string) => {
      const run = await server.db.pipeline.findFirstOrThrow({
        where: { projectId: p.repository.id, gitRef: `refs/heads/${branch}` },
      });
      await server.db.pipeline.update({ where: { id: run.id }, data: { status: 'success' } });
      const caller = {
        principal: await authenticateToken(server.db, ann.token),
        request: { requestId: 'request', ipAddr: null, traceparent: null },
      };
      await rerunPipeline(server.db, caller, run.id);
      return await whyNotDeployed(branch);
    };
    for (const [who, branch] of [
      [mal, 'foreign'],
      [small, 'narrow'],
    ] as const) {
      await runs.push(ann, branch);
      await runs.push(who, branch);
      await followPushes();
      expect(await again(branch)).toContain(`${who.name}, who pushed to it`);
    }
    // Whoever may deploy and pushes it as a branch of their own answers for it.
    await runs.push(ann, 'taken', 'origin/foreign');
    await followPushes();
    expect(await again('taken')).toBeNull();
  });

  it('deploys by no rule that somebody wrote who may not deploy, and by none that lets all writers push [A-DEP-04][A-RBAC-09]', async () => {
    const handed = { permission: 'project:write', by: ann, projectId: p.repository.id };
    const bot = await agentWith(server, `bot-${String(counter)}`, handed);
    await handPermission(server, bot, { ...handed, permission: 'project:delegate' });
    const broad = await withToken(server, ann, ['project:*']);
    const closedTo = ({ id }: TestUser) => ({ allowWriters: false, pushUserIds: [id] });
    const refused = 'neither the default branch nor closed by a rule of somebody who may deploy';
    for (const [who, pattern, rule] of [
      [bot, 'bot-open', { allowWriters: true, requiredApprovals: 1 }],
      [bot, 'bot-own', closedTo(bot)],
      [broad, 'broad', closedTo(ann)],
    ] as const) {
      const made = await p.api(who, 'POST', '/protected-branches', { pattern, ...rule });
      await runs.push(who, pattern);
      expect(await whyNotDeployed(pattern)).toContain(refused);
      expect(made).toMatchObject({ status: 201, body: { speaks: false } });
    }
    const open = { pattern: 'any/*', allowWriters: true, requiredApprovals: 1 };
    const { body } = await p.api<{ id: string }>(ann, 'POST', '/protected-branches', open);
    await runs.push(bot, 'any/one');
    expect(await whyNotDeployed('any/one')).toContain(refused);
    // Whoever may deploy and closes it to some lets these deploy, until somebody who may not says who they are.
    const change = (who: TestUser, rule: object) =>
      p.api(who, 'PATCH', `/protected-branches/${body.id}`, rule);
    expect(await change(ann, closedTo(bot))).toMatchObject({ body: { speaks: true } });
    await runs.push(bot, 'any/one');
    expect(await whyNotDeployed('any/one')).toBeNull();
    expect(await change(broad, closedTo(bot))).toMatchObject({ body: { speaks: true } });
    expect(await change(broad, closedTo(ann))).toMatchObject({ body: { speaks: false } });
    expect(await whyNotDeployed('any/one')).toContain(refused);
    // Of several rules one that speaks is enough: the others only close it further.
    await p.api(ann, 'POST', '/protected-branches', { pattern: 'any/one', ...closedTo(bot) });
    expect(await whyNotDeployed('any/one')).toBeNull();
  });

  it('deploys from the default branch, which nobody names or opens who may not deploy [A-DEP-04][A-RBAC-09]', async () => {
    const broad = await withToken(server, ann, ['project:*']);
    await runs.push(broad, 'mine');
    const name = (who: TestUser) => p.api(who, 'PATCH', '', { defaultBranch: 'mine' });
    expect((await name(broad)).status).toBe(403);
    const rule = { pattern: 'main', requiredApprovals: 1 };
    const made = await p.api<{ id: string }>(ann, 'POST', '/protected-branches', rule);
    const one = `/protected-branches/${made.body.id}`;
    const self = { pushUserIds: [ann.id] };
    expect((await p.api(broad, 'PATCH', one, self)).status).toBe(403);
    expect((await p.api(broad, 'DELETE', one)).status).toBe(403);
    // What closes it further, or says nothing of who moves it, is anybody's who may delegate.
    expect((await p.api(broad, 'PATCH', one, { ...rule, requiredChecks: ['a'] })).status).toBe(200);
    const more = { pattern: '*', requiredApprovals: 2 };
    expect((await p.api(broad, 'POST', '/protected-branches', more)).status).toBe(201);
    expect((await p.api(ann, 'PATCH', one, self)).status).toBe(200);
    expect((await p.api(ann, 'DELETE', one)).status).toBe(204);
    expect((await name(ann)).status).toBe(200);
  });

  it('that was started before limits were kept deploys from no branch of its own, and from the default branch as ever [A-DEP-04]', async () => {
    await runs.push(ann, 'whole');
    await runs.push(small, 'main');
    expect(await whyNotDeployed('whole')).toBeNull();
    await server.db.pipeline.updateMany({ data: { triggeredLimits: Prisma.DbNull } });
    expect(await whyNotDeployed('whole')).toContain('run it again');
    expect(await whyNotDeployed('main')).toBeNull();
  });

  it('gets secrets by the credential that asked for it, as long as that stands [A-SEC-04]', async () => {
    await runs.push(ann, 'topic');
    const asked = (by: TestUser) => runs.given({ ref: 'refs/heads/topic', by }, 'KEY');
    const starter = await withToken(server, ann, ['pipeline:run', 'secret:read']);
    expect(await asked(starter)).toEqual(['KEY']);
    const only = await withToken(server, ann, ['pipeline:run']);
    expect(await asked(only)).toContain('does not have secret:read');
    const revoked = { ref: 'refs/heads/topic', by: starter, isRevoked: true };
    expect(await runs.given(revoked, 'KEY')).toContain('was revoked');
  });
});
