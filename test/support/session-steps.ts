import { expect } from '@jest/globals';
import { testPassword, type Answer, type AppUnderTest } from './app-under-test.ts';

/** Value of the session cookie that an answer sets; '' when it sets none. */
export function cookieOf(answer: Answer): string {
  return /slipway_session=([^;]*)/.exec(answer.headers.get('set-cookie') ?? '')?.[1] ?? '';
}

/** Signs in and gives the cookie's value. */
export async function login(
  app: AppUnderTest,
  name: string,
  password = testPassword,
): Promise<string> {
  const answer = await app.call(null, 'POST', '/api/v1/auth/login', { name, password });
  expect(answer.status).toBe(200);
  return cookieOf(answer);
}

export const withCookie = (cookie: string) => ({ cookie: `slipway_session=${cookie}` });

/** Status of asking who one is with this cookie. */
export async function meStatus(app: AppUnderTest, cookie: string): Promise<number> {
  return (await app.call(null, 'GET', '/api/v1/auth/me', undefined, withCookie(cookie))).status;
}
