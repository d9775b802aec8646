import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { z } from '@hono/zod-openapi';
import { defineRoute } from '../../api/define-route.ts';
import { DomainError } from '../../contracts/problems.ts';
import {
  openAppUnderTest,
  readAnswer,
  testPassword,
  type AppUnderTest,
  type TestAccount,
} from '../support/app-under-test.ts';

let t: AppUnderTest;
let admin: TestAccount;
let made = 0;

const open = { kind: 'public' } as const;
const ok = { 200: { description: 'Done' } };
const things = z.object({
  name: z.string().min(1).max(5),
  id: z.uuid().optional(),
  color: z.enum(['red', 'blue']).optional(),
  count: z.int().min(1).max(10).optional(),
});

/** Routes of the test's own, for what no route of ours does. */
const routes = [
  defineRoute({
    method: 'get',
    path: '/api/v1/test/throws',
    tag: 'test',
    summary: 'A bug',
    access: open,
    responses: ok,
    handler: () => {
      throw new Error('SELECT secret FROM somewhere');
    },
  }),
  defineRoute({
    method: 'get',
    path: '/api/v1/test/slow',
    tag: 'test',
    summary: 'Slower than allowed',
    access: open,
    responses: ok,
    handler: async (c) => {
      await new Promise((resolve) => setTimeout(resolve, 600));
      return c.json({}, 200);
    },
  }),
  defineRoute({
    method: 'post',
    path: '/api/v1/test/things',
    tag: 'test',
    summary: 'Makes a thing',
    access: { kind: 'authenticated' },
    request: { body: { content: { 'application/json': { schema: things } } } },
    responses: { 201: { description: 'Made' } },
    handler: async (c) => {
      made += 1;
      const { name } = c.req.valid('json');
      if (name === 'fail') throw new DomainError('conflict', 'Not this one.');
      if (name === 'slow') await new Promise((resolve) => setTimeout(resolve, 300));
      return c.json({ name, number: made }, 201);
    },
  }),
  defineRoute({
    method: 'get',
    path: '/api/v1/test/role',
    tag: 'test',
    summary: 'For holders of a role',
    access: { kind: 'role', role: 'admin' },
    responses: ok,
    handler: (c) => c.json({ subject: c.get('caller').principal.userName }, 200),
  }),
  defineRoute({
    method: 'get',
    path: '/api/v1/test/maybe',
    tag: 'test',
    summary: 'Signed in or not',
    access: { kind: 'public', identify: true },
    responses: ok,
    handler: (c) => c.json({ kind: c.get('caller').principal.kind, ip: c.get('ipAddr') }, 200),
  }),
];

beforeAll(async () => {
  t = await openAppUnderTest({ routes, env: { SLIPWAY_SERVER_TIMEOUT: '300ms' } });
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

  it('that nobody expected is 500 with a fixed title, is logged, and the server lives on [B-API-01]', async () => {
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
    const started = performance.now();
    const answer = await t.call(null, 'GET', '/api/v1/test/slow');
    expect(answer.status).toBe(503);
    expect(answer.body).toMatchObject({ code: 'timed_out' });
    expect(performance.now() - started).toBeLessThan(590);
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

  it('of the database is 503 with Retry-After, never 500', async () => {
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

describe('authorization', () => {
  it('asks for a role by name where a route says so, and the handler knows who asks [B-AUTH-04] [B-AUTH-06]', async () => {
    const viewer = await t.account('viewer-b', 'viewer');
    expect((await t.call(null, 'GET', '/api/v1/test/role')).status).toBe(401);
    expect((await t.call(viewer, 'GET', '/api/v1/test/role')).status).toBe(403);
    expect((await t.call(admin, 'GET', '/api/v1/test/role')).body).toEqual({ subject: 'root' });
  });

  it('is optional where a route says so, but a bad token is still refused [B-AUTH-04]', async () => {
    const nobody = await t.call(null, 'GET', '/api/v1/test/maybe');
    expect([nobody.status, nobody.body]).toEqual([200, { kind: 'anonymous', ip: null }]);
    expect((await t.call(admin, 'GET', '/api/v1/test/maybe')).body).toMatchObject({
      kind: 'human',
    });
    expect((await t.call('slp_nonsense', 'GET', '/api/v1/test/maybe')).status).toBe(401);
  });

  it('takes one scheme and one credential', async () => {
    const refused = [
      `Bearer ${admin.token}, Bearer ${admin.token}`,
      `Bearer  `,
      `Bearer ${admin.token} extra`,
      `Token ${admin.token}`,
      admin.token,
      `Basic ${Buffer.from(`root:${admin.token}`).toString('base64')}`,
      `Bearer ${'x'.repeat(9000)}`,
    ];
    for (const authorization of refused) {
      const answer = await t.call(null, 'GET', '/api/v1/auth/me', undefined, { authorization });
      expect([authorization.slice(0, 30), answer.status]).toEqual([
        authorization.slice(0, 30),
        401,
      ]);
    }
    const lower = await t.call(null, 'GET', '/api/v1/auth/me', undefined, {
      authorization: `bearer ${admin.token}`,
    });
    expect(lower.status).toBe(200);
  });

  it('believes X-Forwarded-For from trusted proxies only', async () => {
    const proxied = await openAppUnderTest({ routes, env: { TRUSTED_PROXIES: '10.0.0.0/8' } });
    const ipOf = async (remoteAddress: string, forwarded: string) => {
      const request = new Request('http://localhost/api/v1/test/maybe', {
        headers: { 'x-forwarded-for': forwarded },
      });
      const answer = await readAnswer(
        await proxied.app.request(request, undefined, { incoming: { socket: { remoteAddress } } }),
      );
      return (answer.body as { ip: string }).ip;
    };
    try {
      expect(await ipOf('203.0.113.5', '1.2.3.4')).toBe('203.0.113.5');
      expect(await ipOf('10.0.0.1', '1.2.3.4')).toBe('1.2.3.4');
      expect(await ipOf('::ffff:10.0.0.1', '9.9.9.9, 1.2.3.4, 10.1.1.1')).toBe('1.2.3.4');
      expect(await ipOf('10.0.0.1', 'nonsense')).toBe('10.0.0.1');
    } finally {
      await proxied.stop();
    }
  });
});

describe('a request with a cookie', () => {
  it('that changes something must come from our own pages', async () => {
    await t.person('browser');
    const body = { name: 'browser', password: testPassword };
    const login = await t.call(null, 'POST', '/api/v1/auth/login', body);
    const cookie = (login.headers.get('set-cookie') ?? '').split(';')[0] ?? '';
    const make = async (headers: Record<string, string>) => {
      const answer = await t.call(
        null,
        'POST',
        '/api/v1/test/things',
        { name: 'a' },
        { cookie, ...headers },
      );
      return answer.status;
    };
    const before = made;
    expect(await make({ 'sec-fetch-site': 'cross-site' })).toBe(403);
    expect(await make({ 'sec-fetch-site': 'same-site' })).toBe(403);
    expect(await make({ origin: 'https://evil.test' })).toBe(403);
    expect(await make({ origin: 'null' })).toBe(403);
    expect(made).toBe(before);
    expect(await make({ 'sec-fetch-site': 'same-origin' })).toBe(201);
    expect(await make({})).toBe(201);
  });
});

describe('Idempotency-Key', () => {
  const key = (value: string) => ({ 'idempotency-key': value });

  it('gives a repeat the first answer, and does the work once', async () => {
    const first = await t.call(admin, 'POST', '/api/v1/test/things', { name: 'a' }, key('k1'));
    const before = made;
    const second = await t.call(admin, 'POST', '/api/v1/test/things', { name: 'a' }, key('k1'));
    expect([second.status, second.body]).toEqual([201, first.body]);
    expect(second.headers.get('idempotency-replayed')).toBe('true');
    expect(made).toBe(before);
  });

  it('with another body is 409, and belongs to one caller', async () => {
    await t.call(admin, 'POST', '/api/v1/test/things', { name: 'a' }, key('k2'));
    const other = await t.call(admin, 'POST', '/api/v1/test/things', { name: 'b' }, key('k2'));
    expect(other.body).toMatchObject({ status: 409, code: 'idempotency_conflict' });
    const someone = await t.account('someone');
    expect(
      (await t.call(someone, 'POST', '/api/v1/test/things', { name: 'b' }, key('k2'))).status,
    ).toBe(201);
  });

  it('lets a failed request be tried again', async () => {
    const failed = await t.call(admin, 'POST', '/api/v1/test/things', { name: 'fail' }, key('k3'));
    expect(failed.status).toBe(409);
    const before = made;
    await t.call(admin, 'POST', '/api/v1/test/things', { name: 'fail' }, key('k3'));
    expect(made).toBe(before + 1);
  });

  it('of many at once does the work once', async () => {
    const before = made;
    const all = await Promise.all(
      Array.from({ length: 20 }, () =>
        t.call(admin, 'POST', '/api/v1/test/things', { name: 'b' }, key('k4')),
      ),
    );
    expect(made).toBe(before + 1);
    for (const answer of all) expect([201, 409]).toContain(answer.status);
  });
});

describe('lists and records', () => {
  it('are paged by limit and offset or by an opaque cursor, with a total and a Link [B-API-09]', async () => {
    for (const name of ['page-a', 'page-b', 'page-c']) await t.account(name);
    const first = await t.call(admin, 'GET', '/api/v1/users?limit=2&q=page');
    const page = first.body as { items: { name: string }[]; total: number; nextCursor: string };
    expect(page.items.map((user) => user.name)).toEqual(['page-a', 'page-b']);
    expect(page.total).toBe(3);
    const next = /^<([^>]+)>; rel="next"$/.exec(first.headers.get('link') ?? '')?.[1] ?? '';
    const second = await t.call(admin, 'GET', next);
    expect(second.body).toMatchObject({ items: [{ name: 'page-c' }], nextCursor: null });
    expect(second.headers.get('link')).toBeNull();
    const offset = await t.call(admin, 'GET', '/api/v1/users?limit=1&offset=1&q=page');
    expect(offset.body).toMatchObject({ items: [{ name: 'page-b' }] });
    for (const bad of ['limit=0', 'limit=101', 'limit=x', 'offset=-1', 'cursor=zzz']) {
      expect([bad, (await t.call(admin, 'GET', `/api/v1/users?${bad}`)).status]).toEqual([
        bad,
        400,
      ]);
    }
  });

  it('have an ETag: unchanged is 304, and a change of something else than was read is 412', async () => {
    await t.account('tagged');
    const read = await t.call(admin, 'GET', '/api/v1/users/tagged');
    const etag = read.headers.get('etag') ?? '';
    const again = await t.call(admin, 'GET', '/api/v1/users/tagged', undefined, {
      'if-none-match': etag,
    });
    expect(again.status).toBe(304);
    const change = (displayName: string) =>
      t.call(admin, 'PATCH', '/api/v1/users/tagged', { displayName }, { 'if-match': etag });
    expect((await change('first')).status).toBe(200);
    expect((await change('second')).status).toBe(412);
    const now = await t.call(admin, 'GET', '/api/v1/users/tagged');
    expect(now.body).toMatchObject({ displayName: 'first' });
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
});
