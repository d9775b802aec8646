import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  openAppUnderTest,
  readAnswer,
  testPassword,
  type AppUnderTest,
  type TestAccount,
} from '../support/app-under-test.ts';
import { counter, testRoutes } from '../support/test-routes.ts';

let t: AppUnderTest;
let admin: TestAccount;

beforeAll(async () => {
  t = await openAppUnderTest({ routes: testRoutes, env: { SLIPWAY_SERVER_TIMEOUT: '30s' } });
  admin = await t.account('root', 'admin');
});
afterAll(() => t.stop());

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
    const proxied = await openAppUnderTest({
      routes: testRoutes,
      env: { TRUSTED_PROXIES: '10.0.0.0/8' },
    });
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
    const before = counter.made;
    expect(await make({ 'sec-fetch-site': 'cross-site' })).toBe(403);
    expect(await make({ 'sec-fetch-site': 'same-site' })).toBe(403);
    expect(await make({ origin: 'https://evil.test' })).toBe(403);
    expect(await make({ origin: 'null' })).toBe(403);
    expect(counter.made).toBe(before);
    expect(await make({ 'sec-fetch-site': 'same-origin' })).toBe(201);
    expect(await make({})).toBe(201);
  });
});

describe('Idempotency-Key', () => {
  const key = (value: string) => ({ 'idempotency-key': value });

  it('gives a repeat the first answer, and does the work once', async () => {
    const first = await t.call(admin, 'POST', '/api/v1/test/things', { name: 'a' }, key('k1'));
    const before = counter.made;
    const second = await t.call(admin, 'POST', '/api/v1/test/things', { name: 'a' }, key('k1'));
    expect([second.status, second.body]).toEqual([201, first.body]);
    expect(second.headers.get('idempotency-replayed')).toBe('true');
    expect(counter.made).toBe(before);
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
    const before = counter.made;
    await t.call(admin, 'POST', '/api/v1/test/things', { name: 'fail' }, key('k3'));
    expect(counter.made).toBe(before + 1);
  });

  it('of many at once does the work once', async () => {
    const before = counter.made;
    const all = await Promise.all(
      Array.from({ length: 20 }, () =>
        t.call(admin, 'POST', '/api/v1/test/things', { name: 'b' }, key('k4')),
      ),
    );
    expect(counter.made).toBe(before + 1);
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

  it('have their ETag and If-Match wherever there is something to change, and read alike twice', async () => {
    const project = await t.project(admin, 'conditions');
    const post = async (address: string, body: object) => {
      const answer = await t.call(admin, 'POST', `${project.path}${address}`, body);
      expect([address, answer.status]).toEqual([address, 201]);
      return answer.body as { id: string; number: number };
    };
    const issue = await post('/issues', { title: 'old' });
    const address = 'https://hooks.example.test/x';
    const webhook = await post('/webhooks', { url: address, events: ['issue.created'] });
    const records: [string, object][] = [
      [`/issues/${String(issue.number)}`, { title: 'new' }],
      [`/webhooks/${webhook.id}`, { url: `${address}/2` }],
      ['', { description: 'new' }],
    ];
    for (const [place, change] of records) {
      const record = `${project.path}${place}`;
      const read = await t.call(admin, 'GET', record);
      const etag = read.headers.get('etag') ?? '';
      const again = await t.call(admin, 'GET', record, undefined, { 'if-none-match': etag });
      expect([place, again.status, again.body]).toEqual([place, 304, '']);
      const send = (match: string) => t.call(admin, 'PATCH', record, change, { 'if-match': match });
      expect([place, (await send('"zzz"')).status]).toEqual([place, 412]);
      expect((await t.call(admin, 'GET', record)).body).toEqual(read.body);
      const two = await Promise.all([send(etag), send(etag)]);
      expect([place, ...two.map(({ status }) => status).sort()]).toEqual([place, 200, 412]);
    }
    const stranger = await t.account('no-reader');
    const hidden = await t.call(stranger, 'PATCH', project.path, {}, { 'if-match': '"zzz"' });
    expect(hidden.status).toBe(404);
  });

  it('are walked by Link alone, page after page', async () => {
    const project = await t.project(admin, 'linked');
    for (const title of ['a', 'b', 'c']) {
      await t.call(admin, 'POST', `${project.path}/issues`, { title });
    }
    const seen: string[] = [];
    let next: string | undefined = `${project.path}/issues?limit=1`;
    while (next !== undefined) {
      const page = await t.call(admin, 'GET', next);
      seen.push(...(page.body as { items: { title: string }[] }).items.map(({ title }) => title));
      next = /^<([^>]+)>; rel="next"$/.exec(page.headers.get('link') ?? '')?.[1];
    }
    expect(seen.sort()).toEqual(['a', 'b', 'c']);
  });
});
