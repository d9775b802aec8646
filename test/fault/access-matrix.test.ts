import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  impliedPermissions,
  permissionCovers,
  permissions,
  seededRoles,
  type Permission,
} from '../../contracts/identity/permissions.ts';
import { describeAccess } from '../../api/mount-route.ts';
import { routes } from '../../api/routes/index.ts';
import type { DefinedRoute } from '../../api/define-route.ts';
import { newId } from '../../domain/shared/new-id.ts';
import {
  openAppUnderTest,
  type AppUnderTest,
  type TestAccount,
} from '../support/app-under-test.ts';
import { openAttackLedger } from '../support/attack-ledger.ts';
import { createTestToken } from '../support/test-api.ts';
import { accessPolicy } from './access-policy.ts';

const keyOf = (route: DefinedRoute) => `${route.method.toUpperCase()} ${route.path}`;
const table = routes.map((route) => [keyOf(route), route] as const);

interface Actor {
  title: string;
  token: string | null;
  /** signed in at all */
  known: boolean;
  /** speaks for the person: nothing limits the credential, and it is no agent's */
  whole: boolean;
  /** held everywhere, and on the private project */
  everywhere: ReadonlySet<Permission>;
  onProject: ReadonlySet<Permission>;
}

let t: AppUnderTest;
let admin: TestAccount;
let project: { id: string; path: string };
let pipelineId: string;
let artifactId: string;
let deploymentId = '';
let actors: Actor[];
let throwaways = 0;

/** What roles give, worked out from the contract alone. */
function given(roleNames: readonly string[]): ReadonlySet<Permission> {
  const patterns = seededRoles
    .filter((role) => roleNames.includes(role.name))
    .flatMap((role) => [
      ...role.permissions,
      ...seededRoles.filter((r) => role.inherits.includes(r.name)).flatMap((r) => r.permissions),
    ]);
  const direct = permissions.filter((p) =>
    patterns.some((pattern) => permissionCovers(pattern, p)),
  );
  const once = direct.flatMap((p) => [p, ...(impliedPermissions[p] ?? [])]);
  return new Set(once.flatMap((p) => [p, ...(impliedPermissions[p] ?? [])]));
}

async function signedIn(title: string, everywhere: string[], onProject: string[]): Promise<Actor> {
  const account = await t.account(
    title,
    ...everywhere,
    ...onProject.map((r) => `${r}@${project.id}`),
  );
  return {
    title,
    token: account.token,
    known: true,
    whole: true,
    everywhere: given(everywhere),
    onProject: given([...everywhere, ...onProject]),
  };
}

async function makeActors(): Promise<Actor[]> {
  const none = new Set<Permission>();
  const expired = await createTestToken(t.db, admin.id);
  await t.db.apiToken.update({
    where: { id: expired.id },
    data: { expiresAt: new Date(Date.now() - 1000) },
  });
  const elsewhere = await t.project(admin, 'elsewhere');
  const foreign = await createTestToken(t.db, admin.id);
  await t.db.apiToken.update({ where: { id: foreign.id }, data: { projectId: elsewhere.id } });
  const narrow = await createTestToken(t.db, admin.id, ['health:read']);
  const global = seededRoles.map((role) => role.name).filter((name) => name !== 'maintainer');
  return [
    {
      title: 'nobody',
      token: null,
      known: false,
      whole: false,
      everywhere: none,
      onProject: none,
    },
    {
      title: 'an expired token',
      token: expired.token,
      known: false,
      whole: false,
      everywhere: none,
      onProject: none,
    },
    {
      title: 'a token of another project',
      token: foreign.token,
      known: true,
      whole: false,
      everywhere: none,
      onProject: none,
    },
    {
      title: 'a token of one scope',
      token: narrow.token,
      known: true,
      whole: false,
      everywhere: new Set(['health:read']),
      onProject: new Set(['health:read']),
    },
    { ...(await signedIn('an-agent', [], [])), whole: false },
    await signedIn('outsider', [], []),
    await signedIn('maintainer-here', [], ['maintainer']),
    await signedIn('viewer-here', [], ['viewer']),
    ...(await Promise.all(global.map((name) => signedIn(`global-${name}`, [name], [])))),
  ];
}

/** Rows that ids in paths name, so that a wrong answer cannot hide behind "no such thing". */
async function makeThings(): Promise<void> {
  pipelineId = newId('pipeline');
  artifactId = newId('artifact');
  await t.db.pipeline.create({
    data: {
      id: pipelineId,
      projectId: project.id,
      number: 1,
      changeId: newId('change'),
      trigger: 'api',
      gitRef: 'refs/heads/main',
      status: 'success',
      startedAt: new Date(),
      finishedAt: new Date(),
      steps: {
        create: {
          id: newId('step'),
          projectId: project.id,
          stepOrder: 0,
          name: 'build',
          image: '',
        },
      },
      artifacts: {
        create: {
          id: artifactId,
          stepName: 'build',
          name: 'dist',
          path: 'dist/a',
          minioPath: 'artifacts/none',
          sha256: '0'.repeat(64),
        },
      },
    },
  });
}

async function makeDeployment(): Promise<void> {
  deploymentId = newId('deployment');
  const of = { id: deploymentId, projectId: project.id, imageRef: 'registry.example/app:1' };
  await t.db.deployment.create({ data: of });
}

beforeAll(async () => {
  t = await openAppUnderTest();
  admin = await t.account('root', 'admin');
  project = await t.project(admin, 'private-one');
  await makeThings();
  await makeDeployment();
  actors = await makeActors();
  await t.db.user.update({ where: { name: 'an-agent' }, data: { kind: 'agent' } });
}, 240_000);
const ledger = openAttackLedger('routes-and-roles', 'callers and routes');
afterAll(async () => {
  ledger.close();
  await t.stop();
});

async function addressFor(route: DefinedRoute, actor: Actor): Promise<string> {
  let name = 'private-one';
  if (route.method === 'delete' && route.path.endsWith('/{project}')) {
    // Whoever may delete it does: each gets one of their own.
    name = `throwaway-${(throwaways += 1)}`;
    const made = await t.project(admin, name);
    if (actor.title.endsWith('-here')) {
      const body = {
        user: actor.title,
        role: actor.title.replace('-here', ''),
        projectId: made.id,
      };
      await t.call(admin, 'POST', '/api/v1/role-bindings', body);
    }
  }
  const id = route.path.startsWith('/api/v1/pipelines/')
    ? pipelineId
    : route.path.startsWith('/api/v1/artifacts/')
      ? artifactId
      : route.path.startsWith('/api/v1/deployments/')
        ? deploymentId
        : 'usr_00000000000000000000000000';
  return route.path
    .replace('{owner}', 'root')
    .replace('{repository}', `${name}.git`)
    .replace('{project}', name)
    .replace('{id}', id)
    .replace('{number}', '1')
    .replace('{name}', 'build')
    .replace('{sha}', '0'.repeat(40))
    .replace(/info\/refs$/, 'info/refs?service=git-upload-pack');
}

async function ask(route: DefinedRoute, actor: Actor): Promise<number> {
  const unsafe = route.method !== 'get' && route.method !== 'head';
  const takesJson = route.request?.body?.content['application/json'] !== undefined;
  const response = await t.app.request(await addressFor(route, actor), {
    method: route.method.toUpperCase(),
    headers: {
      ...(actor.token === null ? {} : { authorization: `Bearer ${actor.token}` }),
      ...(unsafe && takesJson ? { 'content-type': 'application/json' } : {}),
    },
    // A body that no schema takes: who may call gets 400 and nothing is changed.
    ...(unsafe && takesJson ? { body: '{"no such key": 1}' } : {}),
  });
  await response.body?.cancel();
  return response.status;
}

/** The status that the table demands, or null when the caller is let in. */
function demanded(policy: string, actor: Actor, route: DefinedRoute): 401 | 403 | 404 | null {
  if (policy === 'public') {
    // Where credentials are read though nobody needs them, bad ones are still refused.
    const reads = route.access.kind === 'public' && route.access.identify === true;
    return reads && actor.token !== null && !actor.known ? 401 : null;
  }
  if (!actor.known) return 401;
  if (policy === 'authenticated') return null;
  if (policy === 'account') return actor.whole ? null : 403;
  const onProject = policy.endsWith(' @project');
  const held = onProject ? actor.onProject : actor.everywhere;
  const wanted = policy.replace(' @project', '').split(' or ') as Permission[];
  if (wanted.some((permission) => held.has(permission))) return null;
  return onProject && !held.has('project:read') ? 404 : 403;
}

describe('the registry of routes', () => {
  it('is the access policy, route by route, and none is without access [A-RBAC-17]', () => {
    const declared = routes.map((route) => {
      const { access } = route;
      const scoped = 'project' in access && access.project !== 'global' ? ' @project' : '';
      return [keyOf(route), describeAccess(route) + scoped];
    });
    expect(Object.fromEntries(declared)).toEqual(accessPolicy);
    expect(new Set(declared.map(([key]) => key)).size).toBe(routes.length);
    for (const route of routes) expect(route.access).toBeDefined();
  });
});

/**
 * Routes that anybody may call who signed in, each with how it limits what it shows or does. What is not here and asks
 * for no permission belongs to somebody's account, and says so.
 */
const limitedInside: Readonly<Record<string, string>> = {
  'POST /api/v1/auth/logout': 'ends the session that asks',
  'GET /api/v1/auth/me': 'what the credential itself may do',
  'GET /api/v1/permissions': 'the same list for everybody',
  'GET /api/v1/role-bindings': 'admin:read, project:read there, else the account',
  'POST /api/v1/role-bindings': 'project:delegate there, else admin:users',
  'DELETE /api/v1/role-bindings/{id}': 'project:delegate there, else admin:users',
  'GET /api/v1/pipelines': 'pipeline:read, project by project',
  'POST /api/v1/pipelines/lint': 'answers from the text that was sent',
  'GET /api/v1/gates': 'the permission of each gate',
  'POST /api/v1/gates/{id}/decision': 'the permission of the gate',
  'GET /api/v1/deployments': 'deploy:read, project by project',
  'GET /api/v1/events': 'the permission of each event',
};

describe('a route that asks for no permission', () => {
  it('is one of those that limit themselves, or is of the class account [A-RBAC-17] [A-IAM-07]', () => {
    const loose = routes.filter(({ access }) => access.kind === 'authenticated').map(keyOf);
    expect(loose.sort()).toEqual(Object.keys(limitedInside).sort());
  });
});

describe('each route', () => {
  it.each(table)(
    '%s answers every kind of caller as the policy says [A-RBAC-17] [A-IAM-08]',
    async (key, route) => {
      const policy = accessPolicy[key] ?? 'missing';
      const isGit = route.path.startsWith('/{owner}');
      for (const actor of actors) {
        const status = await ask(route, actor);
        const wanted = demanded(policy, actor, route);
        const seen = `${actor.title}: ${status}`;
        // The link in a mail is a credential of its own: without a good one nobody is let in.
        if (route.path === '/gates/{id}/answer') expect(seen).toMatch(/: (400|401|403|404)$/);
        else if (isGit) {
          // git asks for credentials first; what may be read or pushed is the business of its own tests
          const mayRead = actor.onProject.has('project:read');
          if (!mayRead) expect(seen).toMatch(/: (401|403|404)$/);
        } else if (wanted !== null) expect(seen).toBe(`${actor.title}: ${wanted}`);
        else expect(seen).not.toMatch(/: (401|500)$/);
        if (wanted === null && policy.includes(':')) expect(seen).not.toMatch(/: 403$/);
        ledger.note(true);
      }
      expect(t.errors).toEqual([]);
    },
    240_000,
  );
});
