import { afterAll, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import type { DeployPlan } from '../../contracts/pipeline/types.ts';
import { resolveDeploys } from '../../domain/deploy/declare-deployments.ts';
import { heavyBy, runHere } from '../../domain/heavy/heavy.ts';
import { authenticateToken } from '../../domain/identity/authenticate.ts';
import { createRepositoryReader } from '../../domain/pipeline/repository-reader.ts';
import { rerunPipeline } from '../../domain/pipeline/rerun-pipeline.ts';
import { triggerPipelinesForPush } from '../../domain/pipeline/trigger-pipelines.ts';
import { drainEvents } from '../support/drain-events.ts';
import { startGitServer, type GitServer, type TestUser } from '../support/git-server.ts';
import type { ReviewProject } from '../support/review-steps.ts';
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

describe('a push to a closed branch', () => {
  it('by one whom its rule names gives protected secrets by a credential that may use secrets only [A-SEC-04]', async () => {
    await runs.secret('SEALED_KEY', { isProtected: true });
    const rule = { pattern: 'main', allowWriters: false, pushUserIds: [ann.id] };
    expect((await p.api(ann, 'POST', '/protected-branches', rule)).status).toBe(201);
    await runs.push(ann, 'main');
    expect(await runs.given({ ref: main, by: ann }, 'SEALED_KEY')).toEqual(['SEALED_KEY']);
    await runs.push(small, 'main');
    expect(await runs.given({ ref: main, by: ann }, 'SEALED_KEY')).toContain('SEALED_KEY');
    expect(await runs.given({ ref: main, by: ann }, 'KEY')).toContain('pushed to main');
  });

  it('gives secrets only where whoever wrote the rule may use them: nobody names themselves into them [A-SEC-04][A-RBAC-09]', async () => {
    await runs.secret('SEALED_KEY', { isProtected: true });
    const projectId = p.repository.id;
    const handed = { permission: 'project:write', by: ann, projectId };
    const bot = await agentWith(server, `bot-${String(counter)}`, handed);
    await handPermission(server, bot, { ...handed, permission: 'project:delegate' });
    const broad = await withToken(server, ann, ['project:*']);
    for (const [who, pattern] of [
      [bot, 'own'],
      [broad, 'other'],
    ] as const) {
      const rule = { pattern, allowWriters: false, pushUserIds: [who.id], requiredApprovals: 1 };
      const made = await p.api(who, 'POST', '/protected-branches', rule);
      expect(made).toMatchObject({ status: 201, body: { vouches: false } });
      await runs.push({ ...who, token: who === broad ? ann.token : who.token }, pattern);
      const asked = { ref: `refs/heads/${pattern}`, by: who };
      for (const name of ['KEY', 'SEALED_KEY']) {
        expect(await runs.given(asked, name)).toContain(name);
      }
    }
    const rules = await p.api<{ items: { id: string; pattern: string }[] }>(
      ann,
      'GET',
      '/protected-branches',
    );
    const { id = '' } = rules.body.items.find(({ pattern }) => pattern === 'other') ?? {};
    const change = (who: TestUser, body: object) =>
      p.api<{ vouches: boolean }>(who, 'PATCH', `/protected-branches/${id}`, body);
    const same = { pushUserIds: [ann.id], requiredApprovals: 1 };
    expect((await change(broad, same)).body.vouches).toBe(false);
    expect((await change(ann, same)).body.vouches).toBe(true);
    expect((await change(broad, { ...same, requiredChecks: ['a'] })).body.vouches).toBe(true);
    expect((await change(broad, { requiredApprovals: 0 })).body.vouches).toBe(false);
  });

  it('is answered for by whoever closes the branch, not by who says once more that it is closed [A-SEC-04][A-RBAC-09]', async () => {
    await runs.secret('SEALED_KEY', { isProtected: true });
    const rule = { pattern: 'rel', allowWriters: false, pushUserIds: [ann.id] };
    const made = await p.api<{ id: string }>(ann, 'POST', '/protected-branches', rule);
    const broad = await withToken(server, ann, ['project:*']);
    const change = async (who: TestUser, body: object) =>
      await p.api(who, 'PATCH', `/protected-branches/${made.body.id}`, body);
    const vouched = () => server.db.vouchedHead.count({ where: { ref: 'refs/heads/rel' } });
    const given = () => runs.given({ ref: 'refs/heads/rel', by: ann }, 'SEALED_KEY');
    await runs.push(small, 'rel');
    for (const who of [broad, ann]) {
      for (const body of [{ allowWriters: false }, rule, { ...rule, requiredChecks: ['a'] }]) {
        expect(await change(who, body)).toMatchObject({ status: 200, body: { vouches: true } });
        expect(await vouched()).toBe(0);
      }
    }
    expect(await given()).toContain('SEALED_KEY');
    const closedBy = async (who: TestUser) => {
      await change(who, { allowWriters: true });
      return await change(who, { allowWriters: false });
    };
    expect(await closedBy(broad)).toMatchObject({ status: 200, body: { vouches: false } });
    // hers by a credential that may use secrets, on a rule that was closed by one that may not
    expect((await change(ann, rule)).body).toMatchObject({ vouches: true });
    expect(await vouched()).toBe(0);
    await closedBy(ann);
    expect(await given()).toEqual(['SEALED_KEY']);
  });
});

describe('what is deployed by a run', () => {
  const plan = {
    ...{ environment: 'production', image: 'registry.example/app:1', skipReason: null },
    ...{ isImplicit: false, approvals: 0, bakeMs: 0, healthTimeoutMs: 1000 },
    ...{ target: null, manifestPath: null },
  } as unknown as DeployPlan;

  /** Somebody has the first run of a commit run once more. @returns why it may not deploy; null when it may */
  async function again(who: TestUser, commitSha: string): Promise<string | null> {
    const reader = createRepositoryReader(server.store, heavyBy(runHere));
    await drainEvents(server.db, 'core', async (event) => {
      if (event.type !== 'git.pushed') return;
      await triggerPipelinesForPush(server.db, reader, event);
    });
    const where = { projectId: p.repository.id, commitSha };
    const first = await server.db.pipeline.findFirstOrThrow({ where, orderBy: { number: 'asc' } });
    await server.db.pipeline.update({ where: { id: first.id }, data: { status: 'success' } });
    const caller = {
      principal: await authenticateToken(server.db, who.token),
      request: { requestId: 'request', ipAddr: null, traceparent: null },
    };
    const { id } = await rerunPipeline(server.db, caller, first.id);
    const run = await server.db.pipeline.findUniqueOrThrow({ where: { id } });
    const made = await resolveDeploys(server.db, run, [plan]);
    if ('problem' in made) throw new Error(made.problem);
    return made.refused[0] ?? null;
  }

  it('is the newest commit of the default branch, whoever has it run once more, and an older one by whoever may deploy [A-DEP-04][A-PIPE-02]', async () => {
    const older = await runs.push(ann, 'main');
    const newest = await runs.push(ann, 'main');
    const starter = await withToken(server, ann, ['pipeline:run']);
    expect(await again(starter, newest)).toBeNull();
    expect(await again(starter, older)).toContain('main has another commit by now, and the token');
    expect(await again(ann, older)).toBeNull();
  });

  it('is not what somebody pushed to a branch before a rule for many closed it [A-DEP-04][A-RBAC-09]', async () => {
    const mal = await server.user(`mal-${String(counter)}`, 'developer');
    const before = await runs.push(mal, 'release/1');
    const rule = { pattern: 'release/*', allowWriters: false, pushUserIds: [ann.id, mal.id] };
    const made = await p.api<{ id: string }>(ann, 'POST', '/protected-branches', rule);
    expect(made).toMatchObject({ status: 201, body: { speaks: true } });
    const refused = `${mal.name}, who pushed to it`;
    expect(await again(ann, before)).toContain(refused);
    const after = await runs.push(mal, 'release/1');
    expect(await again(mal, after)).toBeNull();
    // Closed anew it answers for what comes from then on.
    const change = (body: object) =>
      p.api(ann, 'PATCH', `/protected-branches/${made.body.id}`, body);
    await change({ allowWriters: true });
    const open = await runs.push(mal, 'release/1');
    await change({ allowWriters: false, pushUserIds: [ann.id] });
    expect(await again(ann, open)).toContain(refused);
    // Whoever closes this one by its name has seen what it holds.
    await p.api(ann, 'POST', '/protected-branches', { ...rule, pattern: 'release/1' });
    expect(await again(mal, open)).toBeNull();
    // Of a commit that the branch has no more whoever starts it is asked.
    expect(await again(mal, after)).toContain('release/1 has another commit by now');
  });
});
