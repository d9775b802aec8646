import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { publishEvent } from '../../domain/event/publish-event.ts';
import { findDueLetters } from '../../domain/reconcile/dead-letters.ts';
import { newId } from '../../domain/shared/new-id.ts';
import { inTransaction } from '../../domain/shared/tx.ts';
import {
  openAppUnderTest,
  type AppUnderTest,
  type TestAccount,
} from '../support/app-under-test.ts';
import { testRoutes } from '../support/test-routes.ts';

jest.setTimeout(240_000);

let t: AppUnderTest;
let admin: TestAccount;

beforeAll(async () => {
  t = await openAppUnderTest({ routes: testRoutes });
  admin = await t.account('root', 'admin');
});
afterAll(() => t.stop());

describe('every answer', () => {
  it('carries a request id: the one that came when it is sane, else a new one [B-API-01]', async () => {
    const told = await t.call(null, 'GET', '/livez', undefined, { 'x-request-id': 'abc-123.def' });
    expect(told.headers.get('x-request-id')).toBe('abc-123.def');
    for (const bad of ['short', 'with space in it', 'x'.repeat(200)]) {
      const answer = await t.call(null, 'GET', '/livez', undefined, { 'x-request-id': bad });
      expect(answer.headers.get('x-request-id')).toMatch(/^req_/);
    }
  });

  it('has headers that keep it from being framed, sniffed or cached', async () => {
    const { headers } = await t.call(admin, 'GET', '/api/v1/auth/me');
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('content-security-policy')).toContain("default-src 'none'");
    expect(headers.get('cache-control')).toBe('no-store');
    const docs = await t.call(null, 'GET', '/docs');
    expect(docs.headers.get('content-security-policy')).toContain("script-src 'self'");
    expect(docs.body).not.toMatch(/https?:\/\//);
  });

  it('tells what is left of the rate, and 429 with Retry-After over it [A-CORE-07]', async () => {
    const slow = await openAppUnderTest({ env: { SLIPWAY_SERVER_RATE_LIMIT_PER_MINUTE: '13' } });
    try {
      const user = await slow.account('eager');
      const first = await slow.call(user, 'GET', '/api/v1/auth/me');
      expect(first.headers.get('ratelimit-limit')).toBe('13');
      expect(first.headers.get('ratelimit-remaining')).toBe('12');
      for (let at = 0; at < 12; at += 1) await slow.call(user, 'GET', '/api/v1/auth/me');
      const over = await slow.call(user, 'GET', '/api/v1/auth/me');
      expect(over.status).toBe(429);
      expect(Number(over.headers.get('retry-after'))).toBeGreaterThan(0);
      // what watches us goes on watching
      const watcher = await slow.account('watcher', 'admin');
      for (let at = 0; at < 30; at += 1) {
        expect((await slow.call(watcher, 'GET', '/metrics')).status).toBe(404);
      }
      expect((await slow.call(watcher, 'GET', '/api/v1/auth/me')).status).toBe(200);
      const other = await slow.account('patient');
      expect((await slow.call(other, 'GET', '/api/v1/auth/me')).status).toBe(200);
    } finally {
      await slow.stop();
    }
  });
});

describe('a failure', () => {
  it('is a problem with type, title, status, instance, code and request id [A-CORE-06]', async () => {
    const answer = await t.call(admin, 'GET', '/api/v1/users/nobody-here');
    expect(answer.headers.get('content-type')).toBe('application/problem+json');
    expect(answer.body).toEqual({
      type: expect.stringMatching(/\/problems\/not-found$/),
      title: 'Not found',
      status: 404,
      detail: 'There is no such user.',
      instance: '/api/v1/users/nobody-here',
      code: 'not_found',
      requestId: answer.headers.get('x-request-id'),
    });
  });

  it('has a status of its own: 401, 403, 404, 405, 400 [A-CORE-06]', async () => {
    const viewer = await t.account('viewer', 'viewer');
    expect((await t.call(null, 'GET', '/api/v1/users')).status).toBe(401);
    expect((await t.call(viewer, 'GET', '/api/v1/users')).status).toBe(403);
    expect((await t.call(admin, 'GET', '/api/v1/no/such/thing')).status).toBe(404);
    const other = await t.call(admin, 'PUT', '/api/v1/users');
    expect([other.status, other.headers.get('allow')]).toEqual([405, 'GET, HEAD, POST']);
    expect((await t.call(admin, 'POST', '/api/v1/users', {})).status).toBe(400);
  });

  it('that nobody expected is 500 with a fixed title, is logged, and the server lives on [A-CORE-06] [B-API-01]', async () => {
    const answer = await t.call(null, 'GET', '/api/v1/test/throws');
    expect(answer.status).toBe(500);
    expect(answer.body).toMatchObject({ code: 'internal', title: 'Something went wrong' });
    expect(JSON.stringify(answer.body)).not.toMatch(/SELECT|detail|\.ts/);
    expect(t.errors).toEqual([
      expect.objectContaining({
        requestId: answer.headers.get('x-request-id'),
        err: expect.any(Error),
      }),
    ]);
    t.errors.length = 0;
    expect((await t.call(null, 'GET', '/livez')).status).toBe(200);
  });

  it('of validation names each field and rule [B-API-06]', async () => {
    const rules = async (body: object) => {
      const answer = await t.call(admin, 'POST', '/api/v1/test/things', body);
      expect(answer.status).toBe(400);
      const { errors } = answer.body as { errors: { pointer: string; rule: string }[] };
      return Object.fromEntries(errors.map(({ pointer, rule }) => [pointer, rule]));
    };
    expect(await rules({})).toEqual({ '#/name': 'required' });
    expect(await rules({ name: '', id: 'x', color: 'green', count: 0 })).toEqual({
      '#/name': 'min',
      '#/id': 'uuid',
      '#/color': 'oneof',
      '#/count': 'min',
    });
    expect(await rules({ name: 'toolong', count: 11 })).toEqual({
      '#/name': 'max',
      '#/count': 'max',
    });
    expect(await rules({ name: 5, extra: 1 })).toEqual({ '#/name': 'type', '#/extra': 'unknown' });
    const omitted = await t.call(admin, 'POST', '/api/v1/test/things', { name: 'ok' });
    expect(omitted.status).toBe(201);
  });

  it('by time is 503: a request that takes too long is cut [B-API-02]', async () => {
    const hasty = await openAppUnderTest({
      routes: testRoutes,
      env: { SLIPWAY_SERVER_TIMEOUT: '300ms' },
    });
    try {
      const answer = await hasty.call(null, 'GET', '/api/v1/test/slow');
      expect(answer.status).toBe(503);
      expect(answer.body).toMatchObject({ code: 'timed_out' });
    } finally {
      await hasty.stop();
    }
    // the same handler where there is time
    expect((await t.call(null, 'GET', '/api/v1/test/slow')).status).toBe(200);
  });

  it('by size, address or media type is 413, 414 or 415', async () => {
    const big = { name: 'x'.repeat(1_100_000) };
    expect((await t.call(admin, 'POST', '/api/v1/test/things', big)).status).toBe(413);
    const long = `/api/v1/users?q=${'a'.repeat(9000)}`;
    expect((await t.call(admin, 'GET', long)).status).toBe(414);
    const text = { 'content-type': 'text/plain' };
    expect((await t.call(admin, 'POST', '/api/v1/test/things', { name: 'a' }, text)).status).toBe(
      415,
    );
    expect((await t.call(admin, 'POST', '/api/v1/auth/logout', { a: 1 }, text)).status).toBe(415);
  });

  it('of the database is 503 with Retry-After, never 500, and health names it [A-HLT-02] [B-HLT-02]', async () => {
    const away = () =>
      Promise.reject(Object.assign(new Error('connect'), { code: 'ECONNREFUSED' }));
    const broken = await openAppUnderTest({
      wrapDb: (db) =>
        new Proxy(db, { get: (of, key) => (key === '$queryRaw' ? away : Reflect.get(of, key)) }),
    });
    try {
      const user = await broken.account('lost');
      const answer = await broken.call(user, 'GET', '/api/v1/auth/me');
      expect(answer.status).toBe(503);
      expect(answer.headers.get('retry-after')).not.toBeNull();
      const health = await broken.call(null, 'GET', '/health');
      expect(health.status).toBe(503);
      expect(health.body).toMatchObject({
        status: 'degraded',
        level: 'UNHEALTHY',
        components: { database: expect.stringMatching(/^error: /) },
      });
      expect((await broken.call(null, 'GET', '/readyz')).status).toBe(503);
      expect((await broken.call(null, 'GET', '/livez')).status).toBe(200);
    } finally {
      await broken.stop();
    }
  });
});

describe('health', () => {
  it('says status, version and each component, to anybody [A-HLT-01] [A-HLT-02] [B-HLT-01] [B-HLT-06]', async () => {
    for (const address of ['/health', '/api/v1/health']) {
      const answer = await t.call(null, 'GET', address);
      expect(answer.status).toBe(200);
      expect(answer.body).toMatchObject({
        status: 'ok',
        level: 'HEALTHY',
        version: 'test',
        components: { database: 'ok', memory: expect.stringMatching(/^ok/), agents: {} },
      });
    }
  });

  it('is degraded but serving while a part that is not critical fails or hangs, and tells no inside [B-HLT-02] [A-HLT-03]', async () => {
    const parts = {
      temporal: {
        critical: false,
        check: () => Promise.reject(new Error('connect to 10.1.2.3 as bob')),
      },
      objectStore: { critical: false, check: () => new Promise<string>(() => undefined) },
    };
    const partly = await openAppUnderTest({ healthChecks: parts });
    try {
      Object.assign(partly.services, { agentAvailability: () => ({ claude: 'unavailable' }) });
      const answer = await partly.call(null, 'GET', '/health');
      expect(answer.status).toBe(200);
      expect(answer.body).toMatchObject({
        status: 'degraded',
        level: 'DEGRADED',
        components: {
          temporal: 'error: not reachable',
          objectStore: 'error: no answer',
          database: 'ok',
          agents: { claude: 'unavailable' },
        },
      });
      expect(JSON.stringify(answer.body)).not.toContain('10.1.2.3');
      expect((await partly.call(null, 'GET', '/readyz')).status).toBe(200);
      expect((await partly.call(null, 'GET', '/readyz?part=temporal')).status).toBe(503);
      const only = await openAppUnderTest();
      Object.assign(only.services, { agentAvailability: () => ({ claude: 'unavailable' }) });
      expect((await only.call(null, 'GET', '/health')).body).toMatchObject({ status: 'ok' });
      await only.stop();
    } finally {
      await partly.stop();
    }
  });

  it('is degraded while events wait that could not be handled; whoever may sees, retries and dismisses them [A-HLT-02] [A-EVT-03]', async () => {
    const sut = await openAppUnderTest();
    try {
      const operator = await sut.account('operator', 'admin');
      const person = await sut.account('person');
      const payload = { note: 'canary-of-payload' };
      const eventId = await inTransaction(sut.db, (tx) =>
        publishEvent(tx, { type: 'user.updated', payload }),
      );
      const [kept, gone] = [newId('deadLetter'), newId('deadLetter')];
      const error = 'Error: no answer\n  from https://bob:canary-of-secret@example.test/x';
      const rest = { consumer: 'review', error, attempts: 5 };
      await sut.db.eventDeadLetter.createMany({
        data: [
          { id: kept, eventId, ...rest },
          { id: gone, eventId: 'evt_purged', ...rest },
        ],
      });
      const health = await sut.call(null, 'GET', '/api/v1/health');
      expect(health).toMatchObject({
        status: 200,
        body: {
          level: 'DEGRADED',
          components: {
            events: 'error: 2 events could not be handled, see /api/v1/dead-letters',
          },
        },
      });
      expect((await sut.call(person, 'GET', '/api/v1/dead-letters')).status).toBe(403);
      const list = await sut.call(operator, 'GET', '/api/v1/dead-letters');
      const shown = {
        id: kept,
        consumer: 'review',
        eventId,
        eventType: 'user.updated',
        error: 'Error: no answer from https://bob:[redacted]@example.test/x',
        attempts: 5,
        createdAt: expect.any(String),
        nextTryAt: null,
      };
      expect(list.body).toMatchObject({ total: 2 });
      expect((list.body as { items: unknown[] }).items).toEqual(
        expect.arrayContaining([
          expect.objectContaining(shown),
          expect.objectContaining({ id: gone, eventType: null }),
        ]),
      );
      expect(JSON.stringify([health.body, list.body])).not.toContain('canary');

      const retry = (id: string) => sut.call(operator, 'POST', `/api/v1/dead-letters/${id}/retry`);
      expect(await retry(kept)).toMatchObject({
        status: 202,
        body: { id: kept, nextTryAt: expect.any(String) },
      });
      expect(await findDueLetters(sut.db, new Date())).toMatchObject([{ letterId: kept }]);
      expect((await retry(gone)).status).toBe(409);
      for (const id of [kept, gone])
        expect((await sut.call(operator, 'DELETE', `/api/v1/dead-letters/${id}`)).status).toBe(204);
      expect((await retry(kept)).status).toBe(404);
      expect((await sut.call(operator, 'DELETE', `/api/v1/dead-letters/${kept}`)).status).toBe(404);
      const green = await sut.call(null, 'GET', '/api/v1/health');
      expect(green.body).toMatchObject({ level: 'HEALTHY', components: { events: 'ok' } });
    } finally {
      await sut.stop();
    }
  });
});
