import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { newId } from '../../domain/shared/new-id.ts';
import {
  openAppUnderTest,
  type AppUnderTest,
  type TestAccount,
} from '../support/app-under-test.ts';
import { git } from '../support/git-server.ts';

interface Schema {
  $ref?: string;
  type?: string | string[];
  enum?: unknown[];
  items?: Schema;
  properties?: Record<string, Schema>;
  anyOf?: Schema[];
}

/** Fields of bodies that are what they say: no object of ours is looked up by them, or the caller's own alone. */
const texts = new Set([
  ...['name', 'email', 'displayName', 'password', 'currentPassword', 'newPassword', 'description'],
  ...['title', 'body', 'message', 'reason', 'text', 'value', 'expiresAt', 'url', 'webhookUrl'],
  ...['path', 'manifestPath', 'pattern', 'scopes', 'permissions', 'events', 'allow', 'labels'],
  ...['gitUrl', 'localPath', 'ciProvider', 'projectClassification', 'mergeStyles', 'patterns'],
  // branches, which are looked up in the repository of the address, and words of closed lists
  ...['ref', 'branch', 'baseBranch', 'defaultBranch', 'sourceBranch', 'targetBranch'],
  ...['environment', 'requiredChecks', 'codeOwnersFrom'],
  // an image of a registry, or an artifact of the project itself (ADR 21)
  'imageRef',
]);
/** Fields that name what everybody may name: accounts by whoever lets somebody in, roles of the platform. */
const names = new Set([
  ...['role', 'inherits', 'delegate', 'createRoleBinding user', 'addMember user'],
  // by their ids, which nobody guesses
  'pushUserIds',
  // as in a change of it: looked up in the repository of the project by the rollout
  'createDeployment commitSha',
]);

let t: AppUnderTest;
let victim: TestAccount;
let neighbour: TestAccount;
let operator: TestAccount;
let home: { id: string; path: string };
/** what a field of this kind would name of the victim, and the same of nobody */
const pairs: Record<string, { foreign: string; unknown: string }> = {};

/** A field that names an object: by whom, where and with what else in the body it is tried. */
interface Case {
  method: string;
  at: () => string;
  kind: string;
  body: (id: string) => object;
  by?: () => TestAccount;
  /** it is taken as it is, and looked up later, in the project itself or with its rights */
  isWish?: boolean;
}

const below = (place: string) => () => `${home.path}${place}`;
const position = (commitSha: string) => ({ commitSha, path: 'a', side: 'new', line: 1 });
const image = 'registry.example/app:1';
const cases: Record<string, Case> = {
  'createToken projectId': {
    ...{ method: 'POST', at: () => '/api/v1/tokens', kind: 'project' },
    body: (projectId) => ({ name: 'x', scopes: ['project:read'], projectId }),
  },
  'createToken user': {
    ...{ method: 'POST', at: () => '/api/v1/tokens', kind: 'user' },
    body: (user) => ({ name: 'x', scopes: ['project:read'], user }),
  },
  'createRoleBinding projectId': {
    ...{ method: 'POST', at: () => '/api/v1/role-bindings', kind: 'project' },
    body: (projectId) => ({ user: 'neighbour', role: 'viewer', projectId }),
  },
  'createDelegation projectId': {
    ...{ method: 'POST', at: () => '/api/v1/delegations', kind: 'project' },
    body: (projectId) => ({ delegate: 'operator', permission: 'project:read', projectId }),
  },
  'createWebhook secret': {
    ...{ method: 'POST', at: below('/webhooks'), kind: 'secret' },
    isWish: true,
    body: (secret) => ({ url: 'https://93.184.216.34/x', events: ['push'], secret }),
  },
  'updateWebhook secret': {
    ...{ method: 'PATCH', at: () => `${home.path}/webhooks/${pairs['own']?.foreign ?? ''}` },
    ...{ kind: 'secret', isWish: true, body: (secret: string) => ({ secret }) },
  },
  'createDeployment opsRepoId': {
    ...{ method: 'POST', at: below('/deployments'), kind: 'ops repository' },
    body: (opsRepoId) => ({ imageRef: image, environment: 'staging', opsRepoId }),
  },
  'updateDeployment opsRepoId': {
    ...{ method: 'PATCH', at: () => `/api/v1/deployments/${pairs['own']?.unknown ?? ''}` },
    ...{ kind: 'ops repository', body: (opsRepoId: string) => ({ opsRepoId }) },
  },
  'createOpsRepo repoUrl': {
    ...{ method: 'POST', at: () => '/api/v1/ops-repos', kind: 'repository' },
    isWish: true,
    ...{
      body: (repoUrl: string) => ({ name: `ops-${newId('opsRepo').slice(-8)}`, repoUrl }),
      by: () => operator,
    },
  },
  'updateOpsRepo repoUrl': {
    ...{ method: 'PATCH', at: () => `/api/v1/ops-repos/${pairs['own ops']?.foreign ?? ''}` },
    ...{ kind: 'repository', body: (repoUrl: string) => ({ repoUrl }), by: () => operator },
  },
  'createOpsRepo credentialSecret': {
    ...{ method: 'POST', at: () => '/api/v1/ops-repos', kind: 'secret', by: () => operator },
    body: (credentialSecret) => ({
      ...{ name: 'mine', repoUrl: 'https://93.184.216.34/x.git', credentialSecret },
    }),
  },
  'updateOpsRepo credentialSecret': {
    ...{ method: 'PATCH', at: () => `/api/v1/ops-repos/${pairs['own ops']?.foreign ?? ''}` },
    ...{ kind: 'secret', by: () => operator },
    body: (credentialSecret) => ({ repoUrl: 'https://93.184.216.34/x.git', credentialSecret }),
  },
  'createIssue assignee': {
    ...{ method: 'POST', at: below('/issues'), kind: 'user' },
    body: (assignee) => ({ title: 'x', assignee }),
  },
  'updateIssue assignee': {
    ...{
      method: 'PATCH',
      at: below('/issues/1'),
      kind: 'user',
      body: (assignee) => ({ assignee }),
    },
  },
  'createMergeRequestComment replyTo': {
    ...{ method: 'POST', at: below('/merge-requests/1/comments'), kind: 'comment' },
    body: (replyTo) => ({ body: 'x', replyTo }),
  },
  'createMergeRequestComment position.commitSha': {
    ...{ method: 'POST', at: below('/merge-requests/1/comments'), kind: 'commit' },
    body: (sha) => ({ body: 'x', position: position(sha) }),
  },
  'createReview commitSha': {
    ...{ method: 'POST', at: below('/merge-requests/1/reviews'), kind: 'commit' },
    body: (commitSha) => ({ verdict: 'comment', body: 'x', commitSha }),
  },
  'mergeMergeRequest headSha': {
    ...{ method: 'POST', at: below('/merge-requests/1/merge'), kind: 'commit' },
    body: (headSha) => ({ headSha }),
  },
  'enableAutoMerge headSha': {
    ...{ method: 'POST', at: below('/merge-requests/1/auto-merge'), kind: 'commit' },
    body: (headSha) => ({ headSha }),
  },
  'updateDeployment commitSha': {
    ...{ method: 'PATCH', at: () => `/api/v1/deployments/${pairs['own']?.unknown ?? ''}` },
    ...{ kind: 'commit', isWish: true, body: (commitSha: string) => ({ commitSha }) },
  },
};

async function made(who: TestAccount, at: string, body: object): Promise<{ id: string }> {
  const answer = await t.call(who, 'POST', at, body);
  expect([at, answer.status, answer.body]).toEqual([at, 201, expect.anything()]);
  return answer.body as { id: string };
}

/** A commit in the repository of a project, by no push. */
async function commitIn(projectId: string): Promise<string> {
  const { repoPath } = await t.db.project.findUniqueOrThrow({ where: { id: projectId } });
  const dir = path.join(t.services.config.home, 'repositories', repoPath ?? '');
  const tree = await git(dir, ['hash-object', '-w', '-t', 'tree', '/dev/null']);
  const commit = await git(dir, ['commit-tree', '-m', projectId, tree.stdout.trim()]);
  const sha = commit.stdout.trim();
  await git(dir, ['update-ref', 'refs/heads/main', sha]);
  return sha;
}

async function mergeRequestIn(projectId: string, authorId: string, headSha: string) {
  const id = newId('mergeRequest');
  const branches = { sourceBranch: 'main', targetBranch: 'other', title: 'x' };
  await t.db.mergeRequest.create({
    data: { id, projectId, number: 1, authorId, changeId: newId('change'), headSha, ...branches },
  });
  return id;
}

beforeAll(async () => {
  t = await openAppUnderTest();
  const admin = await t.account('root', 'admin');
  victim = await t.account('victim', 'developer');
  neighbour = await t.account('neighbour', 'developer');
  operator = await t.account('operator');
  const theirs = await t.project(victim, 'private');
  home = await t.project(neighbour, 'own');
  await t.db.userRole.deleteMany({
    where: { userId: { in: [victim.id, neighbour.id] }, projectId: null },
  });
  const permissions = ['deploy:read', 'deploy:write', 'secret:read'];
  await made(admin, '/api/v1/roles', { name: 'deployer', permissions });
  await made(admin, '/api/v1/role-bindings', { user: 'operator', role: 'deployer' });
  await made(victim, `${theirs.path}/secrets`, {
    name: 'THEIRS',
    value: 'some-value',
    scope: 'all',
  });
  const hosted = { name: 'theirs', repoUrl: '/victim/private.git' };
  const opsRepo = await made(admin, '/api/v1/ops-repos', hosted);
  const comment = newId('comment');
  const mrId = await mergeRequestIn(theirs.id, victim.id, await commitIn(theirs.id));
  const authorId = victim.id;
  await t.db.comment.create({
    data: { id: comment, projectId: theirs.id, authorId, body: 'x', mrId },
  });
  const sha = (await t.db.mergeRequest.findUniqueOrThrow({ where: { id: mrId } })).headSha;
  const own = await commitIn(home.id);
  await mergeRequestIn(home.id, neighbour.id, own);
  await made(neighbour, `${home.path}/issues`, { title: 'x' });
  const hook = { url: 'https://93.184.216.34/x', events: ['push'] };
  Object.assign(pairs, {
    project: { foreign: theirs.id, unknown: newId('project') },
    user: { foreign: victim.id, unknown: newId('user') },
    secret: { foreign: 'THEIRS', unknown: 'NOBODYS' },
    'ops repository': { foreign: opsRepo.id, unknown: newId('opsRepo') },
    repository: { foreign: '/victim/private.git', unknown: '/victim/nothing.git' },
    comment: { foreign: comment, unknown: newId('comment') },
    commit: { foreign: sha, unknown: 'c'.repeat(40) },
    own: {
      foreign: (await made(neighbour, `${home.path}/webhooks`, hook)).id,
      unknown: (await made(neighbour, `${home.path}/deployments`, { imageRef: image })).id,
    },
    'own ops': {
      foreign: (
        await made(admin, '/api/v1/ops-repos', { name: 'o', repoUrl: '/neighbour/own.git' })
      ).id,
      unknown: '',
    },
  });
  expect(own).toMatch(/^[0-9a-f]{40}$/);
});
afterAll(async () => {
  expect(t.errors).toEqual([]);
  await t.stop();
});

/** Fields of a body that hold text and are of no closed list, with the way to them. */
function fieldsOf(schema: Schema, parts: Record<string, Schema>, way: string[] = []): string[] {
  const { $ref, type, enum: words, items, properties = {}, anyOf = [] } = schema;
  if ($ref !== undefined) return fieldsOf(parts[$ref.split('/').at(-1) ?? ''] ?? {}, parts, way);
  const inner = [...anyOf, ...(items === undefined ? [] : [items])];
  const found = inner.flatMap((one) => fieldsOf(one, parts, way));
  if (words === undefined && [type].flat().includes('string')) found.push(way.join('.'));
  for (const [name, one] of Object.entries(properties)) {
    found.push(...fieldsOf(one, parts, [...way, name]));
  }
  return [...new Set(found)];
}

describe('a field of a body', () => {
  it('is known to be text, or is tried here with what it would name of somebody else', async () => {
    const text = await readFile(new URL('../../api/openapi.json', import.meta.url), 'utf8');
    const document = JSON.parse(text) as {
      components: { schemas: Record<string, Schema> };
      paths: Record<
        string,
        Record<
          string,
          { operationId: string; requestBody?: { content: Record<string, { schema: Schema }> } }
        >
      >;
    };
    const unknown: string[] = [];
    for (const operation of Object.values(document.paths).flatMap((one) => Object.values(one))) {
      const { operationId, requestBody } = operation;
      const schema = requestBody?.content['application/json']?.schema ?? {};
      for (const field of fieldsOf(schema, document.components.schemas)) {
        const key = `${operationId} ${field}`;
        const last = field.split('.').at(-1) ?? '';
        if (!texts.has(last) && !names.has(last) && !names.has(key) && !(key in cases))
          unknown.push(key);
      }
    }
    expect(unknown).toEqual([]);
  });

  it.each(Object.entries(cases))(
    'does not tell what is hidden from what is not there: %s [A-RBAC-17]',
    async (_name, { method, at, kind, body, by, isWish }) => {
      const { foreign = '', unknown = '' } = pairs[kind] ?? {};
      const ask = async (id: string) => {
        const { status, body: said } = await t.call(
          (by ?? (() => neighbour))(),
          method,
          at(),
          body(id),
        );
        const { requestId: _, ...rest } = said as { requestId?: string };
        const text = JSON.stringify(rest).replaceAll(id, 'ID');
        // what was accepted differs in its own id and in when
        return { status, said: isWish === true ? '' : text };
      };
      const answers = { foreign: await ask(foreign), unknown: await ask(unknown) };
      expect(answers.foreign).toEqual(answers.unknown);
      const allowed = isWish === true ? [200, 201] : [400, 403, 404, 409, 422];
      expect(allowed).toContain(answers.foreign.status);
    },
  );
});
