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
import { connect, type Socket } from 'node:net';
import { publishEvent } from '../../domain/event/publish-event.ts';
import { inTransaction } from '../../domain/shared/tx.ts';
import { createTestProject, createTestUser } from '../support/callers.ts';
import { waitFor } from '../support/processes.ts';
import { readServerEvents, type ServerEvent } from '../support/sse.ts';
import { bindTestRole, createTestToken, startTestApi, type TestApi } from '../support/test-api.ts';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';

jest.setTimeout(240_000);

let test: TestDatabase;
let api: TestApi;
let other: TestApi;
let owner: { id: string; token: string; tokenId: string };
let project: string;
let stop: AbortController;

beforeAll(async () => {
  test = await createTestDatabase({ max: 20 });
  api = await startTestApi(test, {
    maxBufferBytes: 64 * 1024,
    watchEveryMs: 200,
    heartbeatMs: 100,
  });
  other = await startTestApi(test);
  const user = await createTestUser(test.db);
  const { id: tokenId, token } = await createTestToken(test.db, user.id);
  project = (await createTestProject(test.db, user.id)).id;
  await bindTestRole(test.db, user.id, 'maintainer', project);
  owner = { id: user.id, token, tokenId };
});

afterAll(async () => {
  await api.stop();
  await other.stop();
  await test.drop();
});

beforeEach(() => {
  stop = new AbortController();
});

afterEach(async () => {
  stop.abort();
  await waitFor('all clients to be forgotten', () => api.streams.count + other.streams.count === 0);
});

function publish(projectId: string | null, message: string, payload: object = {}): Promise<string> {
  const type = 'project.updated' as const;
  return inTransaction(test.db, (tx) => publishEvent(tx, { type, projectId, message, payload }));
}

interface Follower {
  events: ServerEvent[];
  ended: boolean;
}

/** Follows the stream until the test ends. */
async function follow(
  query = '',
  { token = owner.token, at = api, lastEventId = undefined as string | undefined } = {},
): Promise<Follower> {
  const follower: Follower = { events: [], ended: false };
  const before = at.streams.count;
  const options = { token, signal: stop.signal, ...(lastEventId ? { lastEventId } : {}) };
  const read = async () => {
    for await (const event of readServerEvents(`${at.baseUrl}/api/v1/events${query}`, options)) {
      if (event.data !== '') follower.events.push(event);
    }
  };
  void read()
    .catch(() => undefined)
    .finally(() => (follower.ended = true));
  await waitFor('the connection', () => at.streams.count > before || follower.ended);
  return follower;
}

/** What an EventSource sends. */
const asStream = { accept: 'text/event-stream' };

const messages = ({ events }: Follower) =>
  events.map(({ data }) => (JSON.parse(data) as { message: string }).message);

describe('GET /api/v1/events as a stream', () => {
  it('sends new events with their type and position, and forgets a client that leaves [A-EVT-04]', async () => {
    const follower = await follow();
    const id = await publish(project, 'hello');
    await waitFor('the event', () => follower.events.length > 0);
    const [event] = follower.events;
    expect(event).toMatchObject({
      event: 'project.updated',
      id: expect.stringMatching(/^\d+-\d+$/),
    });
    expect(JSON.parse(event?.data ?? '')).toMatchObject({
      id,
      message: 'hello',
      projectId: project,
    });
    expect(api.streams.count).toBe(1);
    stop.abort();
    await waitFor('the client to be forgotten', () => api.streams.count === 0);
  });

  it('answers as text/event-stream, and a heartbeat keeps it open [A-EVT-04]', async () => {
    const response = await api.get('/api/v1/events', owner.token, asStream);
    expect(response.headers.get('content-type')).toContain('text/event-stream');
    const reader = response.body?.getReader();
    let text = '';
    while (!text.includes(': still here')) {
      text += new TextDecoder().decode((await reader?.read())?.value);
    }
    await reader?.cancel();
  });

  it('reaches a client of another process [A-EVT-08]', async () => {
    const follower = await follow('', { at: other });
    await publish(project, 'across');
    await waitFor('the event', () => messages(follower).includes('across'));
  });

  it('filters by type, project and change [A-EVT-04]', async () => {
    const second = (await createTestProject(test.db, owner.id)).id;
    await bindTestRole(test.db, owner.id, 'maintainer', second);
    const byProject = await follow(`?project=${second}`);
    const byType = await follow('?type=git.pushed,user.created');
    const byChange = await follow('?change=chg_1');
    await publish(project, 'first project');
    await publish(second, 'second project');
    await inTransaction(test.db, (tx) =>
      publishEvent(tx, {
        type: 'project.deleted',
        projectId: project,
        changeId: 'chg_1',
        message: 'of the change',
      }),
    );
    await waitFor('events', () => byProject.events.length + byChange.events.length >= 2);
    expect(messages(byProject)).toEqual(['second project']);
    expect(messages(byChange)).toEqual(['of the change']);
    expect(messages(byType)).toEqual([]);
    const wrong = await api.get('/api/v1/events?type=no.such_type', owner.token);
    expect(wrong.status).toBe(400);
  });

  it('shows no event of a project that the caller may not see, nor global ones without admin:read [A-EVT-04]', async () => {
    const stranger = await createTestUser(test.db);
    const { token } = await createTestToken(test.db, stranger.id);
    const admin = await createTestUser(test.db);
    await bindTestRole(test.db, admin.id, 'admin');
    const adminToken = (await createTestToken(test.db, admin.id)).token;
    const outside = await follow('', { token });
    const inside = await follow('', { token: adminToken });
    await publish(project, 'private');
    await publish(null, 'global');
    await waitFor('both events', () => inside.events.length === 2);
    expect(messages(outside)).toEqual([]);
    expect((await api.get(`/api/v1/events?project=${project}`, token)).status).toBe(404);
    const list = await api.get('/api/v1/events', token, { accept: 'application/json' });
    expect(await list.json()).toEqual({ items: [], nextCursor: null });
    expect((await fetch(`${api.baseUrl}/api/v1/events`)).status).toBe(401);
  });

  it('tells of rollouts and secrets only whoever may read these, on streams and in lists [A-EVT-04]', async () => {
    const { token } = await createTestToken(test.db, owner.id, ['project:read']);
    const [narrow, whole] = [await follow('', { token }), await follow('')];
    const told = ['deployment.deleted', 'secret.changed', 'project.updated'] as const;
    const event = { projectId: project, payload: { environment: 'test' } };
    for (const type of told) {
      await inTransaction(test.db, (tx) => publishEvent(tx, { ...event, type, message: type }));
    }
    await waitFor('all of them', () => whole.events.length === told.length);
    await waitFor('the last one', () => messages(narrow).includes('project.updated'));
    expect(messages(whole)).toEqual(told);
    expect(messages(narrow)).toEqual(['project.updated']);
    const listed = async (by: string) => {
      const address = `/api/v1/events?limit=3&project=${project}&type=${told.join(',')}`;
      const answer = await api.get(address, by, { accept: 'application/json' });
      const { items } = (await answer.json()) as { items: { message: string }[] };
      // other tests of this file changed the project, too
      const ours = items.filter(({ message }) => told.some((type) => type === message));
      return ours.map((item) => item.message).reverse();
    };
    expect(await listed(owner.token)).toEqual(told);
    expect(await listed(token)).toEqual(['project.updated']);
  });

  it('resumes after Last-Event-ID without loss, doubling or disorder, under new events [A-EVT-04]', async () => {
    const first = await follow();
    const sent: string[] = [];
    const send = async (count: number) => {
      for (let i = 0; i < count; i += 1) {
        const message = `n${sent.length}`;
        sent.push(message);
        await publish(project, message);
      }
    };
    await send(20);
    await waitFor('the first ones', () => first.events.length === 20);
    const got = messages(first).slice(0, 7);
    const lastEventId = first.events[6]?.id ?? '';
    const sending = send(300);
    const second = await follow('', { lastEventId });
    await sending;
    await waitFor('the rest', () => second.events.length >= 313);
    expect([...got, ...messages(second)]).toEqual(sent);
  });

  it('begins with the events of the last seconds when asked to, for a page that was read meanwhile [A-EVT-04]', async () => {
    const mine = (await createTestProject(test.db, owner.id)).id;
    await bindTestRole(test.db, owner.id, 'maintainer', mine);
    const old = await publish(mine, 'long ago');
    await test.db.$executeRaw`
      UPDATE events SET created_at = created_at - interval '1 hour' WHERE id = ${old}`;
    await publish(mine, 'a moment ago');
    const recent = await follow(`?project=${mine}&recent=30`);
    await publish(mine, 'now');
    await waitFor('both', () => recent.events.length >= 2);
    expect(messages(recent)).toEqual(['a moment ago', 'now']);
    const resumed = await follow(`?project=${mine}&recent=30`, {
      lastEventId: recent.events[0]?.id ?? '',
    });
    await waitFor('the rest', () => resumed.events.length >= 1);
    expect(messages(resumed)).toEqual(['now']);
  });

  it('ends when the token is revoked, and hides a project whose role was taken away [A-EVT-04]', async () => {
    const guest = await createTestUser(test.db);
    const { id, token } = await createTestToken(test.db, guest.id);
    await bindTestRole(test.db, guest.id, 'viewer', project);
    const follower = await follow('', { token });
    await publish(project, 'as a viewer');
    await waitFor('the event', () => follower.events.length === 1);
    const kept = (await createTestProject(test.db, owner.id)).id;
    await bindTestRole(test.db, guest.id, 'viewer', kept);
    await test.db.userRole.deleteMany({ where: { userId: guest.id, projectId: project } });
    // What may be seen comes after what may not: once it is there without the other, the other was held back.
    let round = 0;
    await waitFor('the project to be hidden', async () => {
      const [hidden, seen] = [`hidden ${(round += 1)}`, `seen ${round}`];
      await publish(project, hidden);
      await publish(kept, seen);
      await waitFor('what may be seen', () => messages(follower).includes(seen));
      return !messages(follower).includes(hidden);
    });
    await test.db.apiToken.delete({ where: { id } });
    await waitFor('the end of the stream', () => follower.ended);
  });

  it('keeps at most the buffer for a client that does not read, then tells of the gap [A-EVT-04]', async () => {
    const { socket, chunks } = await readNothing();
    await waitFor('the slow client', () => api.streams.count === 1);
    const note = 'x'.repeat(20_000);
    for (let i = 0; i < 600; i += 1) await publish(project, `slow ${i}`, { note });
    socket.resume();
    await waitFor('the gap', () => Buffer.concat(chunks).includes('event: gap'));
    socket.destroy();
    // New events may follow it at once: the client reads again.
    const [text = ''] = Buffer.concat(chunks)
      .toString('latin1')
      .split(/(?<=event: gap\ndata: .*\n)/);
    const after = /event: gap\ndata: \{"after":"(\d+-\d+)"\}/.exec(text)?.[1] ?? '';
    const seen = [...text.matchAll(/"message":"slow (\d+)"/g)].map((m) => Number(m[1]));
    expect(seen).toEqual(seen.map((_, i) => i));
    expect(seen.length).toBeLessThan(600);
    await waitFor('the slow client to be forgotten', () => api.streams.count === 0);
    // What the gap left out is there for whoever resumes before it.
    const rest = await follow('', { lastEventId: after });
    // Not all of it at once: on a loaded machine this reader may itself fall behind and be told of a gap.
    const some = Math.min(20, 600 - seen.length);
    await waitFor('the rest', () => rest.events.length >= some);
    expect(messages(rest).slice(0, some)).toEqual(
      Array.from({ length: some }, (_, i) => `slow ${seen.length + i}`),
    );
  }, 240_000);

  it('gives one account so many at once, and a place again when one has ended [A-EVT-04]', async () => {
    const few = await startTestApi(test, { streamsPerCaller: 2 });
    const accept = { accept: 'text/event-stream' };
    const ask = () => few.get('/api/v1/events', owner.token, accept);
    const open = [await ask(), await ask()];
    const refused = await ask();
    expect(refused.status).toBe(429);
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(await refused.json()).toMatchObject({ code: 'rate_limited' });
    // others have places of their own
    const user = await createTestUser(test.db);
    const { token } = await createTestToken(test.db, user.id);
    open.push(await few.get('/api/v1/events', token, accept));
    expect(open.map(({ status }) => status)).toEqual([200, 200, 200]);
    await open[0]?.body?.cancel();
    await waitFor('a place', () => few.streams.count === 2);
    const again = await ask();
    expect(again.status).toBe(200);
    await few.stop();
  });

  it('does not exist when it is switched off [A-EVT-04]', async () => {
    const off = await startTestApi(test, { env: { SLIPWAY_EVENTS_SSE_ENABLED: 'false' } });
    expect((await off.get('/api/v1/events', owner.token, asStream)).status).toBe(404);
    const list = await off.get('/api/v1/events', owner.token, { accept: 'application/json' });
    expect(list.status).toBe(200);
    await off.stop();
  });
});

/** A client that asks, and then takes nothing until it is resumed. */
async function readNothing(): Promise<{ socket: Socket; chunks: Buffer[] }> {
  const { port } = new URL(api.baseUrl);
  const chunks: Buffer[] = [];
  const socket = connect(Number(port), '127.0.0.1');
  socket.on('error', () => undefined);
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  socket.pause();
  const lines = [
    'GET /api/v1/events HTTP/1.1',
    'Host: localhost',
    `Authorization: Bearer ${owner.token}`,
    'Accept: text/event-stream',
  ];
  socket.write(`${lines.join('\r\n')}\r\n\r\n`);
  return { socket, chunks };
}
