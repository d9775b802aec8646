import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { openAppUnderTest, testPassword, type AppUnderTest } from '../support/app-under-test.ts';
import { cookieOf, login, meStatus, withCookie } from '../support/session-steps.ts';

let t: AppUnderTest;

beforeAll(async () => {
  t = await openAppUnderTest();
});
afterAll(() => t.stop());

describe('sign-in', () => {
  it('sets a cookie whose sha256 is kept, and sign-out ends it [A-IAM-03] [A-IAM-12]', async () => {
    await t.person('carl');
    const answer = await t.call(
      null,
      'POST',
      '/api/v1/auth/login',
      { name: ' Carl ', password: testPassword },
      { 'user-agent': 'a browser' },
    );
    expect(answer.status).toBe(200);
    expect(answer.body).toMatchObject({ user: { name: 'carl' } });
    const header = answer.headers.get('set-cookie') ?? '';
    expect(header).toMatch(/HttpOnly/i);
    expect(header).toMatch(/SameSite=Lax/i);
    const cookie = cookieOf(answer);
    const tokenHash = createHash('sha256').update(cookie).digest('hex');
    const row = await t.db.authSession.findUniqueOrThrow({ where: { tokenHash } });
    expect(row).toMatchObject({ userAgent: 'a browser' });
    expect(await meStatus(t, cookie)).toBe(200);
    const out = await t.call(null, 'POST', '/api/v1/auth/logout', undefined, withCookie(cookie));
    expect(out.status).toBe(204);
    expect(await meStatus(t, cookie)).toBe(401);
  });

  it('lasts eight hours and is kept as a hash only [B-AUTH-07]', async () => {
    const { id } = await t.person('otto');
    const cookie = await login(t, 'otto');
    const row = await t.db.authSession.findFirstOrThrow({ where: { userId: id } });
    const hours = (row.expiresAt.getTime() - Date.now()) / 3_600_000;
    expect(hours).toBeGreaterThan(7.9);
    expect(hours).toBeLessThanOrEqual(8);
    expect(JSON.stringify(row)).not.toContain(cookie);
  });

  it('by an expired session is refused [A-IAM-04]', async () => {
    await t.person('dora');
    const cookie = await login(t, 'dora');
    const tokenHash = createHash('sha256').update(cookie).digest('hex');
    const expiresAt = new Date(Date.now() - 1000);
    await t.db.authSession.update({ where: { tokenHash }, data: { expiresAt } });
    expect(await meStatus(t, cookie)).toBe(401);
  });

  it('works by cookie or by bearer token on the same endpoint, and not without [A-IAM-05]', async () => {
    const fay = await t.person('fay');
    expect(await meStatus(t, await login(t, 'fay'))).toBe(200);
    expect((await t.call(fay, 'GET', '/api/v1/auth/me')).status).toBe(200);
    const nobody = await t.call(null, 'GET', '/api/v1/auth/me');
    expect(nobody.status).toBe(401);
    expect(nobody.headers.get('www-authenticate')).toMatch(/^Bearer/);
  });

  it('says the same for an unknown name and a wrong password', async () => {
    await t.person('gus');
    const wrong = { password: 'not the password' };
    const known = await t.call(null, 'POST', '/api/v1/auth/login', { name: 'gus', ...wrong });
    const unknown = await t.call(null, 'POST', '/api/v1/auth/login', { name: 'nobody', ...wrong });
    const { requestId: _a, ...first } = known.body as Record<string, unknown>;
    const { requestId: _b, ...second } = unknown.body as Record<string, unknown>;
    expect(known.status).toBe(401);
    expect(second).toEqual(first);
  });

  it('is slowed down after ten tries of a name, in every spelling of it [A-CORE-07]', async () => {
    await t.person('hugo');
    const spellings = ['hugo', 'HUGO', ' hugo', 'Hugo ', 'ｈｕｇｏ'];
    const statuses: number[] = [];
    for (let attempt = 0; attempt < 12; attempt += 1) {
      const name = spellings[attempt % spellings.length];
      const answer = await t.call(null, 'POST', '/api/v1/auth/login', { name, password: 'guess' });
      statuses.push(answer.status);
      if (answer.status === 429)
        expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
    }
    expect(statuses).toEqual([...Array<number>(10).fill(401), 429, 429]);
    const right = await t.call(null, 'POST', '/api/v1/auth/login', {
      name: 'hugo',
      password: testPassword,
    });
    expect(right.status).toBe(429);
  });

  it('with a new password ends the other sessions', async () => {
    await t.person('ida');
    const here = await login(t, 'ida');
    const elsewhere = await login(t, 'ida');
    const body = { currentPassword: testPassword, newPassword: 'another password 2' };
    const changed = await t.call(null, 'PUT', '/api/v1/auth/password', body, withCookie(here));
    expect(changed.status).toBe(204);
    expect(await meStatus(t, here)).toBe(200);
    expect(await meStatus(t, elsewhere)).toBe(401);
    await login(t, 'ida', 'another password 2');
  });

  it('shows the own sessions and ends one of them', async () => {
    await t.person('jan');
    const first = await login(t, 'jan');
    const second = await login(t, 'jan');
    const listed = await t.call(
      null,
      'GET',
      '/api/v1/auth/sessions',
      undefined,
      withCookie(second),
    );
    const { items } = listed.body as { items: { id: string; isCurrent: boolean }[] };
    expect(items).toHaveLength(2);
    expect(JSON.stringify(items)).not.toContain(first);
    const other = items.find((item) => !item.isCurrent);
    const address = `/api/v1/auth/sessions/${other?.id ?? ''}`;
    const stranger = await t.account('stranger');
    expect((await t.call(stranger, 'DELETE', address)).status).toBe(404);
    expect((await t.call(null, 'DELETE', address, undefined, withCookie(second))).status).toBe(204);
    expect(await meStatus(t, first)).toBe(401);
    expect(await meStatus(t, second)).toBe(200);
  });
});
