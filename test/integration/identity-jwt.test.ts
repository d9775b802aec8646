import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  exportJWK,
  exportSPKI,
  generateKeyPair,
  importJWK,
  SignJWT,
  type CryptoKey,
  type JWK,
  type JWTHeaderParameters,
} from 'jose';
import { openAppUnderTest, type AppUnderTest } from '../support/app-under-test.ts';

const secret = 'a secret that is shared with the issuer, 64 bytes long or more, yes';
const shared = new TextEncoder().encode(secret);
const now = () => Math.floor(Date.now() / 1000);

interface Pair {
  publicKey: CryptoKey;
  privateKey: CryptoKey;
}

let pair: Pair;
let stranger: Pair;
let pem: string;
const opened: AppUnderTest[] = [];
const servers: Server[] = [];

beforeAll(async () => {
  pair = await generateKeyPair('RS256', { extractable: true });
  stranger = await generateKeyPair('RS256', { extractable: true });
  pem = await exportSPKI(pair.publicKey);
}, 240_000);
afterAll(async () => {
  for (const app of opened) await app.stop();
  for (const server of servers) server.close();
});

async function openApp(env: Record<string, string>): Promise<AppUnderTest> {
  const app = await openAppUnderTest({ env });
  opened.push(app);
  return app;
}

interface Token {
  alg?: string;
  header?: Partial<JWTHeaderParameters>;
  claims?: Record<string, unknown>;
  key?: CryptoKey | Uint8Array;
}

function sign({ alg = 'HS256', header = {}, claims = {}, key = shared }: Token): Promise<string> {
  return new SignJWT({
    sub: 'somebody',
    exp: now() + 300,
    iss: 'https://issuer.test',
    aud: 'slipway',
    ...claims,
  })
    .setProtectedHeader({ alg, ...header })
    .sign(key);
}

async function ask(app: AppUnderTest, token: string): Promise<number> {
  return (await app.call(token, 'GET', '/api/v1/auth/me')).status;
}

describe('a JWT', () => {
  it('of HS or RS 256, 384, 512 is taken with the right key, other algorithms are not [B-AUTH-01]', async () => {
    const both = await openApp({ JWT_SECRET: secret, JWT_PUBLIC_KEY: pem });
    for (const alg of ['HS256', 'HS384', 'HS512'])
      expect([alg, await ask(both, await sign({ alg }))]).toEqual([alg, 200]);
    const jwk = await exportJWK(pair.privateKey);
    for (const alg of ['RS256', 'RS384', 'RS512']) {
      const key = await importJWK({ ...jwk, alg }, alg);
      expect([alg, await ask(both, await sign({ alg, key }))]).toEqual([alg, 200]);
    }
    const es = await generateKeyPair('ES256');
    expect(await ask(both, await sign({ alg: 'ES256', key: es.privateKey }))).toBe(401);
    const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
    for (const alg of ['none', 'None', 'NONE', '']) {
      const bare = `${part({ alg })}.${part({ sub: 'root', exp: now() + 300 })}.`;
      expect([alg, await ask(both, bare)]).toEqual([alg, 401]);
    }
  });

  it('of another issuer, for somebody else, too old or too early is refused; 60 s of clock are forgiven [B-AUTH-02]', async () => {
    const app = await openApp({
      JWT_SECRET: secret,
      JWT_ISSUER: 'https://issuer.test',
      JWT_AUDIENCE: 'slipway',
    });
    expect(await ask(app, await sign({}))).toBe(200);
    const bad: Record<string, unknown>[] = [
      { iss: 'https://other.test' },
      { iss: undefined },
      { aud: 'other' },
      { aud: undefined },
      { exp: now() - 61 },
      { exp: undefined },
      { nbf: now() + 120 },
      { sub: undefined },
      { token_use: 'refresh' },
      { typ: 'Refresh' },
    ];
    for (const claims of bad)
      expect([claims, await ask(app, await sign({ claims }))]).toEqual([claims, 401]);
    expect(await ask(app, await sign({ header: { typ: 'rt+jwt' } }))).toBe(401);
    expect(await ask(app, await sign({ claims: { exp: now() - 30 } }))).toBe(200);
  });

  it('cannot be forged by confusing keys or by naming a key of its own [B-AUTH-05]', async () => {
    const app = await openApp({ JWT_PUBLIC_KEY: pem });
    for (const text of [pem, pem.trim(), pem.replaceAll('\n', '')]) {
      const forged = await sign({ alg: 'HS256', key: new TextEncoder().encode(text) });
      expect(await ask(app, forged)).toBe(401);
    }
    const jwk = await exportJWK(stranger.publicKey);
    const own = { alg: 'RS256', key: stranger.privateKey };
    const headers: Partial<JWTHeaderParameters>[] = [
      { jwk },
      { jku: 'https://evil.test/keys' },
      { x5u: 'https://evil.test/cert' },
      { kid: '../../dev/null' },
      { kid: "' OR 1=1 --" },
      {},
    ];
    for (const header of headers)
      expect([header, await ask(app, await sign({ ...own, header }))]).toEqual([header, 401]);
    expect(await ask(app, await sign({ alg: 'RS256', key: pair.privateKey }))).toBe(200);
    expect(await ask(app, await sign({ key: shared }))).toBe(401);
    const good = await sign({ alg: 'RS256', key: pair.privateKey });
    const [head, , signature] = good.split('.');
    const changed = Buffer.from(JSON.stringify({ sub: 'root', exp: now() + 300 })).toString(
      'base64url',
    );
    expect(await ask(app, `${head ?? ''}.${changed}.${signature ?? ''}`)).toBe(401);
  });

  it('brings roles and permissions from the claims that are configured [B-AUTH-02] [B-RBAC-07]', async () => {
    const app = await openApp({
      JWT_SECRET: secret,
      JWT_ROLES_CLAIM: 'realm_access.roles',
      JWT_PERMS_CLAIM: 'perms',
    });
    const me = async (claims: Record<string, unknown>) => {
      const answer = await app.call(await sign({ claims }), 'GET', '/api/v1/auth/me');
      return answer.body as { roles: string[]; permissions: string[] };
    };
    expect(await me({ perms: ['configs:read'] })).toMatchObject({
      roles: [],
      permissions: ['configs:read'],
    });
    const viewer = await me({ realm_access: { roles: ['viewer', 'unknown'] } });
    expect(viewer.permissions).toContain('project:read');
    expect(viewer.permissions).not.toContain('project:write');
    expect((await me({ roles: ['admin'], permissions: ['*:*'] })).permissions).toEqual([]);
    const admin = await sign({ claims: { realm_access: { roles: ['admin'] } } });
    expect((await app.call(admin, 'GET', '/api/v1/users')).status).toBe(200);
    expect((await app.call(await sign({}), 'GET', '/api/v1/users')).status).toBe(403);
  });

  it('whose subject is a user acts as that user, unless they are deactivated', async () => {
    const app = await openApp({ JWT_SECRET: secret });
    const ann = await app.account('ann', 'viewer');
    for (const sub of [ann.id, 'ann']) {
      const answer = await app.call(await sign({ claims: { sub } }), 'GET', '/api/v1/auth/me');
      expect(answer.body).toMatchObject({ userId: ann.id, via: 'jwt', roles: ['viewer'] });
    }
    await app.db.user.update({ where: { id: ann.id }, data: { isActive: false } });
    expect(await ask(app, await sign({ claims: { sub: 'ann' } }))).toBe(401);
  });

  it('manages no account, also where its subject is a user and it claims everything [A-IAM-07] [B-AUTH-04]', async () => {
    const app = await openApp({ JWT_SECRET: secret, JWT_PERMS_CLAIM: 'perms' });
    await app.account('kai', 'admin');
    const token = await sign({ claims: { sub: 'kai', perms: ['*:*'], roles: ['admin'] } });
    for (const [method, address, body] of [
      ['GET', '/api/v1/tokens'],
      ['POST', '/api/v1/tokens', { name: 'kept', scopes: ['*:*'] }],
      ['GET', '/api/v1/auth/sessions'],
      ['GET', '/api/v1/notifications'],
      ['PUT', '/api/v1/notifications/preferences', { items: [], webhookUrl: null }],
      ['PATCH', '/api/v1/users/kai', { password: 'a password of mine 1' }],
    ] as const) {
      const answer = await app.call(token, method, address, body);
      expect(`${method} ${address} ${String(answer.status)}`).toBe(`${method} ${address} 403`);
    }
    expect((await app.call(token, 'GET', '/api/v1/users')).status).toBe(200);
  });

  it('is not set up with something that is no key of enough bits', async () => {
    for (const bad of ['not a key', pem.slice(0, 100)]) {
      await expect(openAppUnderTest({ env: { JWT_PUBLIC_KEY: bad } })).rejects.toThrow(
        /JWT_PUBLIC_KEY/,
      );
    }
  });

  it('is refused where no issuer is configured', async () => {
    expect(await ask(await openApp({}), await sign({}))).toBe(401);
  });
});

describe('keys of an issuer', () => {
  it('are fetched once, and again when a new one appears; unknown ones do not cause a storm [B-AUTH-03]', async () => {
    let keys: JWK[] = [];
    let fetched = 0;
    const server = createServer((_request, response) => {
      fetched += 1;
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify({ keys }));
    });
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const publicOf = async (key: CryptoKey, kid: string) => ({
      ...(await exportJWK(key)),
      kid,
      alg: 'RS256',
      use: 'sig',
    });
    keys = [await publicOf(pair.publicKey, 'one')];
    const app = await openApp({ JWKS_URL: `http://127.0.0.1:${port}/jwks` });
    const first = { alg: 'RS256', key: pair.privateKey, header: { kid: 'one' } };
    for (let at = 0; at < 5; at += 1) expect(await ask(app, await sign(first))).toBe(200);
    expect(fetched).toBe(1);
    keys = [...keys, await publicOf(stranger.publicKey, 'two')];
    await new Promise((resolve) => setTimeout(resolve, 150));
    const second = { alg: 'RS256', key: stranger.privateKey, header: { kid: 'two' } };
    expect(await ask(app, await sign(second))).toBe(200);
    expect(await ask(app, await sign(first))).toBe(200);
    expect(fetched).toBe(2);
    const began = performance.now();
    for (let at = 0; at < 50; at += 1) {
      expect(await ask(app, await sign({ ...second, header: { kid: `made-up-${at}` } }))).toBe(401);
    }
    // at most once in the 100 ms of this test's pause, however long the questions took
    const pauses = Math.ceil((performance.now() - began) / 100);
    expect(fetched).toBeLessThanOrEqual(2 + 1 + pauses);
    expect(fetched).toBeLessThan(50);
  });
});
