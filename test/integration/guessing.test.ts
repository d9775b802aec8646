import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { checkPassword, delayOf, type LoginClock } from '../../domain/identity/check-password.ts';
import { openAppUnderTest, testPassword, type AppUnderTest } from '../support/app-under-test.ts';

jest.setTimeout(240_000);

let t: AppUnderTest;
const minute = 60_000;

beforeAll(async () => {
  t = await openAppUnderTest({ env: { TRUSTED_PROXIES: '10.0.0.0/8' } });
});
afterAll(() => t.stop());

/** A clock that stands still, and notes what it was asked to wait. */
function stillClock(start = Date.now()) {
  const waited: number[] = [];
  let at = start;
  const clock: LoginClock = {
    now: () => new Date(at),
    sleep: (ms) => {
      waited.push(ms);
      return Promise.resolve();
    },
  };
  return { clock, waited, pass: (ms: number) => (at += ms) };
}

const limits = (clock: LoginClock, attempts = 3) => ({ attempts, windowMs: 15 * minute, clock });

async function outcome(
  name: string,
  ipAddr: string | null,
  clock: LoginClock,
  password = 'a guess',
): Promise<'in' | 'wrong' | 'wait'> {
  try {
    const user = await checkPassword(t.db, { name, password, ipAddr }, limits(clock));
    return user === null ? 'wrong' : 'in';
  } catch (error) {
    expect(error).toMatchObject({ code: 'rate_limited' });
    return 'wait';
  }
}

describe('wrong passwords', () => {
  it('shut a name for the address that tried them, and for no other [A-CORE-07] [A-IAM-03]', async () => {
    await t.person('hal');
    const { clock, pass } = stillClock();
    const seen = [];
    for (let at = 0; at < 5; at += 1) seen.push(await outcome('hal', '192.0.2.1', clock));
    expect(seen).toEqual(['wrong', 'wrong', 'wrong', 'wait', 'wait']);
    expect(await outcome('hal', '192.0.2.1', clock, testPassword)).toBe('wait');
    expect(await outcome('hal', '192.0.2.2', clock, testPassword)).toBe('in');
    pass(15 * minute + 1);
    expect(await outcome('hal', '192.0.2.1', clock, testPassword)).toBe('in');
  });

  it('from many addresses only slow a name down, ever more, and never at home [A-CORE-07]', async () => {
    const { id } = await t.person('iris');
    const { clock, waited } = stillClock();
    for (let at = 0; at < 20; at += 1)
      expect(await outcome('iris', `198.51.100.${String(at)}`, clock)).toBe('wrong');
    expect(waited).toEqual(Array.from({ length: 17 }, (_, at) => delayOf(at + 4, 3)));
    expect(waited[0]).toBe(100);
    expect(Math.max(...waited)).toBe(3_000);
    waited.length = 0;
    expect(await outcome('iris', '203.0.113.9', clock, testPassword)).toBe('in');
    expect(waited).toEqual([3_000]);
    await t.db.authSession.create({
      data: {
        id: 'ses_home',
        userId: id,
        tokenHash: 'home',
        ipAddr: '203.0.113.10',
        expiresAt: new Date(Date.now() + minute),
      },
    });
    waited.length = 0;
    expect(await outcome('iris', '203.0.113.10', clock, testPassword)).toBe('in');
    expect(waited).toEqual([]);
  });

  it('of many names shut the address, a /64 of IPv6 as one, and leave no further rows [A-CORE-07]', async () => {
    const { clock } = stillClock();
    const seen = [];
    for (let at = 0; at < 17; at += 1)
      seen.push(await outcome(`nobody-${String(at)}`, `2001:db8::${String(at + 1)}`, clock));
    expect(seen).toEqual([...Array<string>(15).fill('wrong'), 'wait', 'wait']);
    const rows = await t.db.loginAttempt.count();
    for (let at = 0; at < 20; at += 1)
      expect(await outcome(`more-${String(at)}`, '2001:db8::ffff', clock)).toBe('wait');
    expect(await t.db.loginAttempt.count()).toBe(rows);
    expect(await outcome('nobody-99', '2001:db8:0:1::1', clock)).toBe('wrong');
  });

  it('that are over are cleared away [A-CORE-07]', async () => {
    const { clock, pass } = stillClock();
    for (let at = 0; at < 10; at += 1)
      await outcome('passer-by', `192.0.2.${String(100 + at)}`, clock);
    pass(16 * minute);
    await outcome('passer-by', '192.0.2.200', clock);
    await outcome('passer-by', '192.0.2.201', clock);
    expect(await t.db.loginAttempt.count({ where: { expiresAt: { lte: clock.now() } } })).toBe(0);
  });

  it('are told to whom the name belongs and to the audit, once, and look the same for a name of nobody [A-AUD-01]', async () => {
    const { id } = await t.person('juno');
    const { clock, waited } = stillClock();
    for (let at = 0; at < 8; at += 1) await outcome('juno', `192.0.2.${String(at)}`, clock);
    const ofKnown = waited.splice(0);
    for (let at = 0; at < 8; at += 1) await outcome('no-one-here', `192.0.2.${String(at)}`, clock);
    expect(waited).toEqual(ofKnown);
    const told = await t.db.notification.findMany({ where: { userId: id } });
    expect(told).toHaveLength(1);
    expect(told[0]).toMatchObject({ notificationType: 'sign_in_guessed', channel: 'in_app' });
    expect(told[0]?.body).toContain('192.0.2.2');
    const audit = await t.db.auditEntry.findMany({ where: { action: 'user.password_guessed' } });
    expect(audit.filter(({ resourceId }) => resourceId === id)).toHaveLength(1);
  });
});

describe('behind a trusted proxy', () => {
  it('the address that counts is the client’s, and a client cannot choose it [A-CORE-07]', async () => {
    await t.person('kit');
    const signIn = async (from: string, forwarded: string, password = 'a guess') => {
      const response = await t.app.request(
        '/api/v1/auth/login',
        {
          method: 'POST',
          headers: { 'content-type': 'application/json', 'x-forwarded-for': forwarded },
          body: JSON.stringify({ name: 'kit', password }),
        },
        { incoming: { socket: { remoteAddress: from } } },
      );
      return response.status;
    };
    for (let at = 0; at < 10; at += 1) expect(await signIn('10.0.0.1', '203.0.113.1')).toBe(401);
    expect(await signIn('10.0.0.2', '203.0.113.1')).toBe(429);
    expect(await signIn('10.0.0.1', '1.2.3.4, 203.0.113.1')).toBe(429);
    expect(await signIn('10.0.0.1', '203.0.113.2', testPassword)).toBe(200);
    for (let at = 0; at < 10; at += 1) await signIn('198.51.100.7', `203.0.113.${String(at)}`);
    expect(await signIn('198.51.100.7', '203.0.113.99')).toBe(429);
  });
});
