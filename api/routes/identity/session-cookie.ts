import type { Context } from 'hono';
import { deleteCookie, setCookie } from 'hono/cookie';
import { sessionCookieName } from '../../../domain/identity/sessions.ts';
import type { AppEnv } from '../../env.ts';
import { publicUrl } from '../../problems/problem-body.ts';

function attributes(c: Context<AppEnv>) {
  return {
    path: '/',
    httpOnly: true,
    sameSite: 'Lax' as const,
    secure: publicUrl(c).startsWith('https:'),
  };
}

/** Gives the browser its session; scripts cannot read it and other sites cannot send it with a change. */
export function setSessionCookie(c: Context<AppEnv>, value: string, expires: Date): void {
  setCookie(c, sessionCookieName, value, { ...attributes(c), expires });
}

export function clearSessionCookie(c: Context<AppEnv>): void {
  deleteCookie(c, sessionCookieName, attributes(c));
}
