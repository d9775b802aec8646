import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { DefinedRoute } from '../../api/define-route.ts';
import { routes } from '../../api/routes/index.ts';
import { newId } from '../../domain/shared/new-id.ts';
import {
  openAppUnderTest,
  type AppUnderTest,
  type TestAccount,
} from '../support/app-under-test.ts';
import { openAttackLedger } from '../support/attack-ledger.ts';
import { createTestToken } from '../support/test-api.ts';

/**
 * Confused deputies: whoever may do everything in a project of their own names the things of somebody else's private
 * project, in the place of their own and below it.
 */
const ledger = openAttackLedger('routes-and-roles', 'ids of somebody else');
const canary = 'foreign-canary-7f3a';
const named = routes.filter(
  (route) =>
    /\{(?!owner|project|repository)/.test(route.path) && !route.path.startsWith('/{owner}'),
);

let t: AppUnderTest;
let victim: TestAccount;
let actors: TestAccount[];
let home: { id: string; path: string };
const foreign: Record<string, string> = {};

const keyOf = (route: DefinedRoute) => `${route.method.toUpperCase()} ${route.path}`;

async function makeRun(projectId: string): Promise<void> {
  foreign['artifact'] = newId('artifact');
  foreign['pipeline'] = newId('pipeline');
  foreign['gate'] = newId('gate');
  foreign['change'] = newId('change');
  const of = { projectId, changeId: foreign['change'] };
  const step = { id: newId('step'), projectId, stepOrder: 0, name: 'build', image: '' };
  const stored = { minioPath: 'artifacts/none', sha256: '0'.repeat(64) };
  const artifact = { id: foreign['artifact'], stepName: 'build', name: canary, path: canary };
  await t.db.pipeline.create({
    data: {
      ...of,
      id: foreign['pipeline'],
      number: 1,
      trigger: 'api',
      gitRef: `refs/heads/${canary}`,
      status: 'running',
      steps: { create: step },
      artifacts: { create: { ...artifact, ...stored } },
    },
  });
  await t.db.gate.create({
    data: {
      ...of,
      id: foreign['gate'],
      subjectType: 'pipeline',
      subjectId: foreign['pipeline'],
      step: canary,
      workflowId: 'pipeline-run:none',
      permission: 'pipeline:run',
    },
  });
}

async function makeTalk(projectId: string): Promise<void> {
  foreign['comment'] = newId('comment');
  foreign['issue'] = newId('issue');
  await t.db.issue.create({
    data: {
      id: foreign['issue'],
      projectId,
      number: 1,
      authorId: victim.id,
      title: canary,
      comments: {
        create: { id: foreign['comment'], projectId, authorId: victim.id, body: canary },
      },
    },
  });
}

async function makeHook(projectId: string): Promise<void> {
  const webhook = await t.call(victim, 'POST', `/api/v1/projects/victim/private/webhooks`, {
    url: `https://93.184.216.34/${canary}`,
    events: ['push'],
  });
  foreign['webhook'] = (webhook.body as { id: string }).id;
  foreign['delivery'] = newId('delivery');
  foreign['protected branch'] = newId('protectedBranch');
  await t.db.protectedBranch.create({
    data: { id: foreign['protected branch'], projectId, pattern: canary },
  });
  await t.db.delivery.create({
    data: {
      id: foreign['delivery'],
      subscription: foreign['webhook'],
      webhookId: foreign['webhook'],
      eventId: newId('event'),
      eventType: 'git.pushed',
      payload: { canary },
    },
  });
}

async function makeAccount(projectId: string): Promise<void> {
  foreign['token'] = (await createTestToken(t.db, victim.id)).id;
  foreign['user'] = victim.id;
  foreign['notification'] = newId('notification');
  foreign['delegation'] = newId('delegation');
  foreign['deployment'] = newId('deployment');
  await t.db.notification.create({
    data: {
      id: foreign['notification'],
      userId: victim.id,
      notificationType: 'build_failed',
      subject: canary,
    },
  });
  const permission = await t.db.permission.findFirstOrThrow();
  const friend = await t.account('friend');
  await t.db.delegation.create({
    data: {
      id: foreign['delegation'],
      delegatorId: victim.id,
      delegateId: friend.id,
      permissionId: permission.id,
      projectId,
    },
  });
  const binding = await t.db.userRole.findFirstOrThrow({ where: { userId: victim.id } });
  foreign['binding'] = binding.id;
  await t.db.deployment.create({
    data: { id: foreign['deployment'], projectId, imageRef: `registry.example/${canary}:1` },
  });
}

beforeAll(async () => {
  t = await openAppUnderTest();
  victim = await t.account('victim', 'developer');
  const mine = await t.project(victim, 'private');
  await makeRun(mine.id);
  await makeTalk(mine.id);
  await makeHook(mine.id);
  await makeAccount(mine.id);
  const neighbour = await t.account('neighbour', 'developer');
  home = await t.project(neighbour, 'own');
  // what developers hold everywhere would let them in by right
  await t.db.userRole.deleteMany({ where: { userId: neighbour.id, projectId: null } });
  await t.db.accessEpoch.updateMany({ data: { epoch: { increment: 1 } } });
  const outsider = await t.account('outsider');
  const agent = await t.account('helper', `maintainer@${home.id}`);
  await t.db.user.update({ where: { id: agent.id }, data: { kind: 'agent' } });
  actors = [neighbour, outsider, agent];
}, 240_000);
afterAll(async () => {
  ledger.close();
  await t.stop();
});

/** Everything of the victim that a request could change. */
async function digest(): Promise<string> {
  const { db } = t;
  const rows: unknown[] = [
    await db.pipeline.findMany({ include: { steps: true, artifacts: true } }),
    await db.gate.findMany({ include: { decisions: true } }),
    await db.issue.findMany({ include: { comments: true } }),
    await db.webhook.findMany(),
    await db.delivery.findMany({ omit: { seq: true } }),
    await db.protectedBranch.findMany(),
    await db.user.findMany(),
    await db.notification.findMany(),
    await db.delegation.findMany(),
    await db.userRole.findMany(),
    await db.deployment.findMany(),
    (await db.apiToken.findMany()).map(({ id, scopes, projectId }) => [id, scopes, projectId]),
  ];
  const plain = (_: string, value: unknown) => (typeof value === 'bigint' ? String(value) : value);
  const text = rows
    .flatMap((list) => (list as unknown[]).map((row) => JSON.stringify(row, plain)))
    .sort()
    .join('\n');
  return createHash('sha256').update(text).digest('hex');
}

/** A body that the operation takes, so that it is not the body that holds. */
function bodyFor({ method, path }: DefinedRoute): object | undefined {
  if (method === 'get' || method === 'delete') return undefined;
  if (path.endsWith('/decision')) return { decision: 'reject', reason: 'no' };
  if (/comments(\/\{id\})?$/.test(path)) return { body: 'changed' };
  if (path.endsWith('webhooks/{id}')) return { active: false };
  if (path.endsWith('protected-branches/{id}')) return { allowDeletion: true };
  if (path.endsWith('/users/{id}')) return { displayName: 'Changed' };
  if (path.endsWith('/scale')) return { replicas: 0 };
  if (path.endsWith('/issues/{number}')) return { title: 'changed' };
  if (path.endsWith('/secrets/{name}')) return { value: 'changed' };
  return {};
}

/** Each way to fill the path with something of the victim: the project, and each foreign id under one's own as well. */
function addresses(route: DefinedRoute): string[] {
  const projects = /\{project\}/.test(route.path) ? ['victim/private', 'neighbour/own'] : [''];
  const filled = projects.flatMap((project) =>
    Object.values(foreign).map((id) =>
      route.path
        .replace('{owner}/{project}', project)
        .replace('{number}', '1')
        .replace('{name}', 'build')
        .replace('{sha}', '0'.repeat(40))
        .replace('{deliveryId}', foreign['delivery'] ?? '')
        .replace(/\{[a-zA-Z]+\}/, id),
    ),
  );
  const ids = Object.values(foreign);
  const isForeign = (address: string) =>
    address.includes('victim/') || ids.some((id) => address.includes(id));
  return [...new Set(filled)].filter(isForeign);
}

describe('a thing of somebody else', () => {
  it.each(named.map((route) => [keyOf(route), route] as const))(
    'cannot be had or changed through %s by naming its id [A-RBAC-17] [A-IAM-08]',
    async (_key, route) => {
      const before = await digest();
      const method = route.method.toUpperCase();
      const body = bodyFor(route);
      for (const [at, address] of addresses(route).entries()) {
        // the neighbour tries everything, the others a few: what differs is who asks, not what is asked
        for (const actor of at < 3 ? actors : actors.slice(0, 1)) {
          const answer = await t.call(actor, method, address, body);
          const text = typeof answer.body === 'string' ? answer.body : JSON.stringify(answer.body);
          const held = answer.status < 500 && answer.status >= 400 && !text.includes(canary);
          ledger.note(held);
          expect([actor.name, address, answer.status, held]).toEqual([
            actor.name,
            address,
            answer.status,
            true,
          ]);
        }
      }
      expect(await digest()).toBe(before);
      expect(t.errors).toEqual([]);
    },
    240_000,
  );

  it('is there to be had: its owner reads it under the same ids', async () => {
    const run = await t.call(victim, 'GET', `/api/v1/pipelines/${foreign['pipeline'] ?? ''}`);
    expect(JSON.stringify(run.body)).toContain(canary);
    const hook = `/api/v1/projects/victim/private/webhooks/${foreign['webhook'] ?? ''}`;
    expect(JSON.stringify((await t.call(victim, 'GET', hook)).body)).toContain(canary);
  });
});
