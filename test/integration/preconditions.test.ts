import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createApp, type App } from '../../api/app.ts';
import { recordRoutes } from '../../api/preconditions.ts';
import { routes } from '../../api/routes/index.ts';
import { newId } from '../../domain/shared/new-id.ts';
import {
  openAppUnderTest,
  type AppUnderTest,
  type TestAccount,
} from '../support/app-under-test.ts';
import { eventually } from '../support/eventually.ts';

/** A record that is there: where it is read and written, a change of it, and one that somebody else makes. */
interface Place {
  address: string;
  method: 'PATCH' | 'PUT';
  change: object;
  other: object;
}

let t: AppUnderTest;
/** another process with the same database */
let second: App;
let admin: TestAccount;
let project: { id: string; path: string };

beforeAll(async () => {
  t = await openAppUnderTest();
  second = createApp(t.services);
  admin = await t.account('admin-1', 'admin');
  project = await t.project(admin, 'shared');
});
afterAll(async () => {
  expect(t.errors).toEqual([]);
  await t.stop();
});

async function made(address: string, body: object): Promise<{ id: string; number: number }> {
  const answer = await t.call(admin, 'POST', address, body);
  expect(answer).toMatchObject({ status: 201 });
  return answer.body as { id: string; number: number };
}

async function madeMergeRequest(): Promise<number> {
  const shas = { headSha: 'a'.repeat(40), baseSha: 'b'.repeat(40) };
  const { number } = await t.db.mergeRequest.create({
    data: {
      ...{ id: newId('mergeRequest'), projectId: project.id, number: 1, authorId: admin.id },
      ...{ sourceBranch: 'topic', targetBranch: 'main', title: 'old', changeId: newId('change') },
      ...shas,
    },
  });
  return number;
}

const patch = (address: string, change: object, other: object): Place => ({
  ...{ address, method: 'PATCH', change, other },
});

/** Every record that can be changed, by the address of its route; each makes one. */
const places: Record<string, () => Promise<Place>> = {
  '/api/v1/users/{id}': async () => {
    const { id } = await t.person('changed');
    return patch(`/api/v1/users/${id}`, { displayName: 'mine' }, { displayName: 'other' });
  },
  '/api/v1/roles/{id}': async () => {
    const { id } = await made('/api/v1/roles', { name: 'helper', permissions: ['issue:read'] });
    const more = { permissions: ['issue:read', 'project:read'] };
    return patch(`/api/v1/roles/${id}`, { description: 'mine' }, more);
  },
  '/api/v1/projects/{owner}/{project}/secrets/{name}': async () => {
    await made(`${project.path}/secrets`, { name: 'TOKEN', value: 'first-value' });
    const address = `${project.path}/secrets/TOKEN`;
    return { address, method: 'PUT', change: { value: 'value-mine' }, other: { value: 'other-1' } };
  },
  '/api/v1/secrets/{name}': async () => {
    await made('/api/v1/secrets', { name: 'TOKEN', value: 'first-value' });
    const address = '/api/v1/secrets/TOKEN';
    return { address, method: 'PUT', change: { value: 'value-mine' }, other: { value: 'other-1' } };
  },
  '/api/v1/notifications/preferences': () => {
    const wants = (word: string) => ({
      items: [{ type: 'build_failed', channel: 'email', wants: word }],
    });
    const address = '/api/v1/notifications/preferences';
    const bodies = { change: wants('none'), other: wants('all') };
    return Promise.resolve({ address, method: 'PUT', ...bodies });
  },
  '/api/v1/projects/{owner}/{project}/webhooks/{id}': async () => {
    const url = 'https://hooks.example.test/a';
    const { id } = await made(`${project.path}/webhooks`, { url, events: ['issue.created'] });
    const at = (end: string) => ({ url: `${url}/${end}` });
    return patch(`${project.path}/webhooks/${id}`, at('mine'), at('other'));
  },
  '/api/v1/deployments/{id}': async () => {
    const imageRef = 'registry.example/app:1';
    const { id } = await made(`${project.path}/deployments`, { imageRef });
    return patch(`/api/v1/deployments/${id}`, { approvals: 1 }, { bakeSeconds: 7 });
  },
  '/api/v1/ops-repos/{id}': async () => {
    const own = await t.project(admin, 'ops');
    const body = { name: 'ops', repoUrl: `${own.path.replace('/api/v1/projects', '')}.git` };
    const { id } = await made('/api/v1/ops-repos', body);
    return patch(`/api/v1/ops-repos/${id}`, { syncIntervalS: 70 }, { path: '/elsewhere' });
  },
  '/api/v1/projects/{owner}/{project}': () =>
    Promise.resolve(patch(project.path, { description: 'mine' }, { displayName: 'other' })),
  '/api/v1/projects/{owner}/{project}/egress': () => {
    const bodies = { change: { allow: ['a.example'] }, other: { allow: ['b.example'] } };
    return Promise.resolve({ address: `${project.path}/egress`, method: 'PUT', ...bodies });
  },
  '/api/v1/projects/{owner}/{project}/issues/{number}': async () => {
    const { number } = await made(`${project.path}/issues`, { title: 'old' });
    return patch(`${project.path}/issues/${String(number)}`, { title: 'mine' }, { body: 'other' });
  },
  '/api/v1/projects/{owner}/{project}/merge-requests/{number}': async () => {
    const address = `${project.path}/merge-requests/${String(await madeMergeRequest())}`;
    return patch(address, { title: 'mine' }, { body: 'other' });
  },
};

/** Addresses of hono, as the document writes them. */
const named = (address: string) => address.replaceAll(/:(\w+)/gu, '{$1}');

async function send(app: App, { address, method }: Place, body: object, tag?: string) {
  const answer = await app.request(address, {
    method,
    headers: {
      authorization: `Bearer ${admin.token}`,
      'content-type': 'application/json',
      ...(tag === undefined ? {} : { 'if-match': tag }),
    },
    body: JSON.stringify(body),
  });
  await answer.body?.cancel();
  return answer.status;
}

const tagOf = async ({ address }: Place) =>
  (await t.call(admin, 'GET', address)).headers.get('etag') ?? '';

/** Every change ends in a row of the audit log. While that is held, none is done; then all of them are let go. */
async function whileHeld(begin: (waiting: (count: number) => Promise<void>) => Promise<void>) {
  await t.db.$transaction(
    async (tx) => {
      await tx.$queryRaw`SELECT id FROM audit_head FOR UPDATE`;
      await begin(async (count) => {
        await eventually(async () => {
          const [row] = await t.db.$queryRaw<{ waiting: number }[]>`
            SELECT count(*)::int AS waiting FROM pg_stat_activity
            WHERE datname = current_database() AND wait_event_type = 'Lock'`;
          return row?.waiting === count ? true : undefined;
        });
      });
    },
    { timeout: 60_000 },
  );
}

describe('If-Match, where several processes have one database', () => {
  it('is tried here for every record that can be changed', () => {
    expect(Object.keys(places).sort()).toEqual([...recordRoutes(routes).keys()].map(named).sort());
  });

  it.each(Object.entries(places))('loses no change of anybody at %s', async (_route, make) => {
    const place = await make();
    const both: Promise<number>[] = [];
    const tag = await tagOf(place);
    await whileHeld(async (waiting) => {
      both.push(send(t.app, place, place.change, tag), send(second, place, place.change, tag));
      await waiting(2);
    });
    expect((await Promise.all(both)).sort()).toEqual([200, 412]);

    const known = await tagOf(place);
    const late: Promise<number>[] = [];
    await whileHeld(async (waiting) => {
      late.push(send(second, place, place.other));
      await waiting(1);
      late.push(send(t.app, place, place.change, known));
      await waiting(2);
    });
    expect(await Promise.all(late)).toEqual([200, 412]);
    expect(await send(t.app, place, place.change, await tagOf(place))).toBe(200);
  });

  it('makes a secret only once where If-None-Match asks that there is none', async () => {
    const address = `${project.path}/secrets/ONCE`;
    const put = async (app: App, headers: Record<string, string>) => {
      const token = { authorization: `Bearer ${admin.token}`, 'content-type': 'application/json' };
      const body = JSON.stringify({ value: 'some-value' });
      const init = { method: 'PUT', headers: { ...token, ...headers }, body };
      return (await app.request(address, init)).status;
    };
    const both: Promise<number>[] = [];
    await whileHeld(async (waiting) => {
      both.push(put(second, {}));
      await waiting(1);
      both.push(put(t.app, { 'if-none-match': '*' }));
      await waiting(2);
    });
    expect(await Promise.all(both)).toEqual([201, 412]);
  });
});
