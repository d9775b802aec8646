import type { Context, MiddlewareHandler } from 'hono';
import { getCookie } from 'hono/cookie';
import { anonymousPrincipal, type Principal } from '../../contracts/identity/principal.ts';
import { DomainError } from '../../contracts/problems.ts';
import {
  authenticateJwt,
  authenticateSession,
  authenticateToken,
} from '../../domain/identity/authenticate.ts';
import { authenticateBasic } from '../../domain/identity/authenticate-basic.ts';
import { sessionCookieName } from '../../domain/identity/sessions.ts';
import type { AppEnv } from '../env.ts';
import { csrf } from './csrf.ts';

const maxCredential = 8192;
const traceparentShape = /^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/;

function refuse(detail: string): DomainError {
  return new DomainError('unauthenticated', detail);
}

/** Scheme and value of Authorization. A doubled header arrives joined by a comma, which no credential of ours holds. */
function parseAuthorization(header: string): { scheme: string; value: string } {
  const found = /^([A-Za-z]+) +([A-Za-z0-9._~+/=-]+)$/.exec(header.trim());
  if (!found?.[1] || !found[2] || header.length > maxCredential) {
    throw refuse('Send one Authorization header: Bearer and a token.');
  }
  return { scheme: found[1].toLowerCase(), value: found[2] };
}

function decodeBasic(value: string): { name: string; password: string } {
  const text = Buffer.from(value, 'base64').toString('utf8');
  const colon = text.indexOf(':');
  if (colon < 0) throw refuse('Basic needs name:password.');
  return { name: text.slice(0, colon), password: text.slice(colon + 1) };
}

async function fromHeader(
  c: Context<AppEnv>,
  header: string,
  basicAuth: boolean,
): Promise<Principal> {
  const { db, verifyJwt, config } = c.get('services');
  const { scheme, value } = parseAuthorization(header);
  if (scheme === 'bearer') {
    if (value.startsWith('slp_')) return authenticateToken(db, value);
    if (!verifyJwt) throw refuse('The token is not known.');
    return authenticateJwt(db, await verifyJwt(value));
  }
  if (scheme === 'basic' && basicAuth) {
    const limits = { attempts: config.auth.loginAttempts, windowMs: config.auth.loginWindow };
    return authenticateBasic(db, { ...decodeBasic(value), ipAddr: c.get('ipAddr'), limits });
  }
  throw refuse(`The scheme ${scheme} is not taken here.`);
}

async function identify(c: Context<AppEnv>, basicAuth: boolean): Promise<Principal> {
  const header = c.req.header('authorization');
  if (header !== undefined) return fromHeader(c, header, basicAuth);
  const cookie = getCookie(c, sessionCookieName);
  if (cookie === undefined) return anonymousPrincipal;
  const { db, config } = c.get('services');
  return (await authenticateSession(db, cookie, config.auth.sessionDuration)) ?? anonymousPrincipal;
}

function setCaller(c: Context<AppEnv>, principal: Principal): void {
  const traceparent = c.get('traceparent') ?? c.req.header('traceparent');
  c.set('caller', {
    principal,
    request: {
      requestId: c.get('requestId'),
      ipAddr: c.get('ipAddr'),
      traceparent: traceparent && traceparentShape.test(traceparent) ? traceparent : null,
    },
  });
}

/** Nobody: for routes that do not read credentials, so that they answer while the database is away. */
export const anonymous: MiddlewareHandler<AppEnv> = async (c, next) => {
  setCaller(c, anonymousPrincipal);
  await next();
};

/**
 * Who asks: Authorization wins over the cookie. A bad Authorization is refused, a bad cookie is nobody, so that a
 * browser with an old cookie can still sign in.
 */
export function authenticate(basicAuth: boolean): MiddlewareHandler<AppEnv> {
  return async (c, next) => {
    const principal = await identify(c, basicAuth);
    setCaller(c, principal);
    if (principal.via === 'session') return csrf(c, next);
    return next();
  };
}
