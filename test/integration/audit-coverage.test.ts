import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';
import { routes } from '../../api/routes/index.ts';
import { publishEvent } from '../../domain/event/publish-event.ts';
import { newId } from '../../domain/shared/new-id.ts';
import { inTransaction } from '../../domain/shared/tx.ts';
import { deployCalls } from '../support/deploy-audit-calls.ts';
import {
  type AppUnderTest,
  openAppUnderTest,
  type TestAccount,
  testPassword,
} from '../support/app-under-test.ts';
import { notifyCalls } from '../support/notify-calls.ts';
import { reviewCalls, type AuditedCall } from '../support/review-calls.ts';

jest.setTimeout(240_000);

let sut: AppUnderTest;
let admin: TestAccount;
let person: TestAccount;
let project: { id: string; path: string };
let counter = 0;
const fresh = (word: string) => `${word}-${(counter += 1)}`;

/** What a call needs: who, its address in the place of the pattern, and its body. */
interface Call extends AuditedCall {
  who?: TestAccount;
}

beforeAll(async () => {
  sut = await openAppUnderTest();
  admin = await sut.person('auditadmin', 'admin');
  person = await sut.person('auditperson');
  project = await sut.project(admin, 'audited');
});
afterAll(() => sut.stop());

/** Makes a thing by the API and answers its id. */
async function made(address: string, body: unknown): Promise<string> {
  const answer = await sut.call(admin, 'POST', address, body);
  if (answer.status !== 201) throw new Error(`${address}: ${JSON.stringify(answer.body)}`);
  return (answer.body as { id: string }).id;
}

const user = () => ({ name: fresh('made'), email: `${fresh('made')}@example.test`, kind: 'agent' });
const role = () => ({ name: fresh('role'), description: 'x', permissions: ['project:read'] });
const binding = () => made('/api/v1/role-bindings', { user: person.name, role: 'viewer' });
const delegation = () => ({
  delegate: person.name,
  permission: 'project:read',
  projectId: project.id,
});
const secret = () => ({ name: fresh('SECRET').replace('-', '_'), value: 'canary-of-coverage' });
const projectSecrets = () => `${project.path}/secrets`;

/** An event that could not be handled. */
async function deadLetter(): Promise<string> {
  const eventId = await inTransaction(sut.db, (tx) => publishEvent(tx, { type: 'user.updated' }));
  const id = newId('deadLetter');
  await sut.db.eventDeadLetter.create({
    data: { id, consumer: 'core', eventId, error: 'x', attempts: 5 },
  });
  return `/api/v1/dead-letters/${id}`;
}

async function run(status: string): Promise<string> {
  const id = newId('pipeline');
  const rest = { changeId: newId('change'), trigger: 'api', gitRef: 'refs/heads/main', status };
  const number = (counter += 1);
  await sut.db.pipeline.create({ data: { id, projectId: project.id, number, ...rest } });
  return id;
}

async function gate(): Promise<string> {
  const subjectId = await run('running');
  const id = newId('gate');
  const of = {
    subjectType: 'pipeline',
    subjectId,
    step: 'approve',
    workflowId: `pipeline-run:${subjectId}`,
  };
  const what = { projectId: project.id, changeId: newId('change'), permission: 'deploy:promote' };
  await sut.db.gate.create({ data: { id, ...of, ...what } });
  return id;
}

/** One call for each operation that changes something. A route that is missing here fails the test below. */
const calls: Record<string, () => Promise<Call> | Call> = {
  ...deployCalls({ sut: () => sut, admin: () => admin, made, fresh }),
  'POST /api/v1/auth/login': () => ({ body: { name: admin.name, password: testPassword } }),
  'PUT /api/v1/auth/password': async () => {
    const who = await sut.person(fresh('changer'));
    return { who, body: { currentPassword: testPassword, newPassword: 'another-password-2' } };
  },
  'POST /api/v1/users': () => ({ body: user() }),
  'PATCH /api/v1/users/{id}': async () => ({
    address: `/api/v1/users/${await made('/api/v1/users', user())}`,
    body: { displayName: 'New' },
  }),
  'DELETE /api/v1/users/{id}': async () => ({
    address: `/api/v1/users/${await made('/api/v1/users', user())}`,
  }),
  'POST /api/v1/tokens': () => ({ body: { name: fresh('token'), scopes: ['project:read'] } }),
  'DELETE /api/v1/tokens/{id}': async () => ({
    address: `/api/v1/tokens/${await made('/api/v1/tokens', { name: 't', scopes: ['project:read'] })}`,
  }),
  'POST /api/v1/roles': () => ({ body: role() }),
  'PATCH /api/v1/roles/{id}': async () => ({
    address: `/api/v1/roles/${await made('/api/v1/roles', role())}`,
    body: { description: 'y' },
  }),
  'DELETE /api/v1/roles/{id}': async () => ({
    address: `/api/v1/roles/${await made('/api/v1/roles', role())}`,
  }),
  'POST /api/v1/dead-letters/{id}/retry': async () => ({
    address: `${await deadLetter()}/retry`,
  }),
  'DELETE /api/v1/dead-letters/{id}': async () => ({ address: await deadLetter() }),
  'POST /api/v1/role-bindings': () => ({
    body: { user: person.name, role: 'viewer', projectId: project.id },
  }),
  'DELETE /api/v1/role-bindings/{id}': async () => ({
    address: `/api/v1/role-bindings/${await binding()}`,
  }),
  'POST /api/v1/delegations': () => ({ body: delegation() }),
  'DELETE /api/v1/delegations/{id}': async () => {
    const body = { ...delegation(), permission: 'issue:read' };
    return { address: `/api/v1/delegations/${await made('/api/v1/delegations', body)}` };
  },
  'DELETE /api/v1/projects/{owner}/{project}/delegations/{id}': async () => {
    const body = { ...delegation(), permission: 'pipeline:read', projectId: project.id };
    const id = await made('/api/v1/delegations', body);
    return { address: `${project.path}/delegations/${id}` };
  },
  'POST /api/v1/secrets': () => ({ body: secret() }),
  'PUT /api/v1/secrets/{name}': () => ({
    address: `/api/v1/secrets/${secret().name}`,
    body: { value: 'canary-of-coverage' },
  }),
  'DELETE /api/v1/secrets/{name}': async () => {
    const body = secret();
    await sut.call(admin, 'POST', '/api/v1/secrets', body);
    return { address: `/api/v1/secrets/${body.name}` };
  },
  'POST /api/v1/projects/{owner}/{project}/secrets': () => ({
    address: projectSecrets(),
    body: secret(),
  }),
  'PUT /api/v1/projects/{owner}/{project}/secrets/{name}': () => ({
    address: `${projectSecrets()}/${secret().name}`,
    body: { value: 'canary-of-coverage' },
  }),
  'DELETE /api/v1/projects/{owner}/{project}/secrets/{name}': async () => {
    const body = secret();
    await sut.call(admin, 'POST', projectSecrets(), body);
    return { address: `${projectSecrets()}/${body.name}` };
  },
  'POST /api/v1/projects': () => ({ body: { name: fresh('project') } }),
  'PATCH /api/v1/projects/{owner}/{project}': () => ({
    address: project.path,
    body: { description: fresh('text') },
  }),
  'DELETE /api/v1/projects/{owner}/{project}': async () => ({
    address: (await sut.project(admin, fresh('gone'))).path,
  }),
  'POST /api/v1/projects/{owner}/{project}/members': () => ({
    address: `${project.path}/members`,
    body: { user: person.name, role: 'developer' },
  }),
  'DELETE /api/v1/projects/{owner}/{project}/members/{id}': async () => {
    const body = { user: person.name, role: 'ops' };
    return { address: `${project.path}/members/${await made(`${project.path}/members`, body)}` };
  },
  'PUT /api/v1/projects/{owner}/{project}/egress': () => ({
    address: `${project.path}/egress`,
    body: { allow: [`${fresh('registry')}.example.org:443`] },
  }),
  'POST /api/v1/projects/{owner}/{project}/protected-branches': () => ({
    address: `${project.path}/protected-branches`,
    body: { pattern: fresh('release') },
  }),
  'PATCH /api/v1/projects/{owner}/{project}/protected-branches/{id}': async () => ({
    address: await rule(),
    body: { allowWriters: true },
  }),
  'DELETE /api/v1/projects/{owner}/{project}/protected-branches/{id}': async () => ({
    address: await rule(),
  }),
  'POST /api/v1/pipelines/{id}/cancel': async () => ({
    address: `/api/v1/pipelines/${await run('running')}/cancel`,
    body: {},
  }),
  'POST /api/v1/pipelines/{id}/pause': async () => ({
    address: `/api/v1/pipelines/${await run('running')}/pause`,
    body: {},
  }),
  'POST /api/v1/pipelines/{id}/resume': async () => {
    const id = await run('running');
    await sut.db.pipeline.update({ where: { id }, data: { isPaused: true, pauseRequested: true } });
    return { address: `/api/v1/pipelines/${id}/resume`, body: {} };
  },
  'POST /api/v1/projects/{owner}/{project}/pipelines': async () => {
    await commit();
    return { address: `${project.path}/pipelines`, body: { ref: 'main' } };
  },
  'POST /api/v1/pipelines/{id}/rerun': async () => {
    const id = await run('failure');
    await sut.db.pipeline.update({ where: { id }, data: { commitSha: await commit() } });
    return { address: `/api/v1/pipelines/${id}/rerun` };
  },
  ...notifyCalls(() => ({ sut, admin, projectPath: project.path })),
  ...reviewCalls({
    call: (method, address, body) => sut.call(admin, method, address, body),
    project: () => project.path,
    fresh,
    made,
    git,
    commit,
  }),
  'POST /api/v1/gates/{id}/decision': async () => ({
    address: `/api/v1/gates/${await gate()}/decision`,
    body: { decision: 'approve', reason: 'because' },
  }),
};

async function git(...args: string[]): Promise<string> {
  const home = sut.services.config.home;
  const repository = path.join(home, 'repositories', admin.name, 'audited.git');
  const who = ['-c', 'user.name=Test', '-c', 'user.email=test@example.test'];
  const { stdout } = await promisify(execFile)('git', ['-C', repository, ...who, ...args]);
  return stdout.trim();
}

/** An empty commit on main, made by hand: what a push would leave. */
async function commit(): Promise<string> {
  const tree = await git('hash-object', '-t', 'tree', '-w', '/dev/null');
  const sha = await git('commit-tree', tree, '-m', 'empty');
  await git('update-ref', 'refs/heads/main', sha);
  return sha;
}

async function rule(): Promise<string> {
  const base = `${project.path}/protected-branches`;
  return `${base}/${await made(base, { pattern: fresh('release') })}`;
}

/** Operations that a row of their own is tested for elsewhere, or that change nothing. */
const elsewhere: Record<string, string> = {
  'POST /api/v1/auth/logout': 'needs a cookie: test/integration/identity.test.ts',
  'DELETE /api/v1/auth/sessions/{id}': 'needs a session: test/integration/identity.test.ts',
  'POST /api/v1/pipelines/lint': 'changes nothing',
  'POST /gates/{id}/answer': 'needs a link: test/integration/gate-inbox.test.ts',
  'POST /api/v1/notifications/read': 'what somebody has read is no business of the audit',
  'POST /api/v1/notifications/{id}/read': 'what somebody has read is no business of the audit',
  'POST /api/v1/demo': 'calls the operations above over HTTP',
  'POST /{owner}/{repository}/git-upload-pack': 'a clone changes nothing',
  'POST /{owner}/{repository}/git-receive-pack': 'test/integration/git.test.ts',
};

const changing = routes
  .filter(({ method }) => !['get', 'head'].includes(method))
  .map(({ method, path }) => `${method.toUpperCase()} ${path}`);

describe('what every operation leaves behind', () => {
  it('is known for each operation that changes something [A-AUD-02]', () => {
    expect([...changing].sort()).toEqual([...Object.keys(calls), ...Object.keys(elsewhere)].sort());
  });

  it.each(Object.keys(calls))(
    '%s leaves exactly one audit row, with who, from where and by which request [A-AUD-02]',
    async (operation) => {
      const [method = '', pattern = ''] = operation.split(' ');
      const { who = admin, address = pattern, body } = (await calls[operation]?.()) ?? {};
      const answer = await sut.call(who, method, address, body);
      expect([operation, answer.status < 300, answer.body]).toEqual([operation, true, answer.body]);
      const requestId = answer.headers.get('x-request-id');
      const rows = await sut.db.auditEntry.findMany({ where: { requestId } });
      expect(rows).toHaveLength(1);
      expect(rows[0]).toMatchObject({ actorId: who.id, actorName: who.name });
      expect(JSON.stringify(rows.map((row) => row.detail))).not.toMatch(
        /canary-of-coverage|another-password|slp_/,
      );
    },
  );

  it('leaves no row, and no effect, of an operation that was refused [A-AUD-02]', async () => {
    const before = await sut.db.auditEntry.count();
    const refusals: [string, string, unknown][] = [
      ['POST', '/api/v1/roles', role()],
      ['POST', '/api/v1/users', user()],
      ['DELETE', project.path, undefined],
      ['POST', projectSecrets(), secret()],
    ];
    for (const [method, address, body] of refusals) {
      const answer = await sut.call(await sut.account(fresh('nobody')), method, address, body);
      expect(answer.status).toBeGreaterThanOrEqual(403);
    }
    expect(await sut.db.auditEntry.count()).toBe(before);
  });
});
