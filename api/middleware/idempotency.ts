import { createHash } from 'node:crypto';
import type { Context, MiddlewareHandler } from 'hono';
import { DomainError } from '../../contracts/problems.ts';
import {
  beginIdempotent,
  endIdempotent,
  forgetIdempotent,
} from '../../domain/shared/idempotency.ts';
import { isUnlimited } from '../../domain/identity/require-account.ts';
import type { AppEnv } from '../env.ts';

const sane = /^[\x21-\x7e]{1,200}$/;

async function hashOf(c: Context<AppEnv>): Promise<string> {
  const url = new URL(c.req.url);
  const body = await c.req.text();
  return createHash('sha256')
    .update(`${c.req.method} ${url.pathname}${url.search}\n${body}`)
    .digest('hex');
}

/** Credentials of one person that may do different things do not see each other's answers. */
function limitsOf(c: Context<AppEnv>): string {
  const { principal } = c.get('caller');
  if (isUnlimited(principal) && principal.via !== 'jwt') return '';
  const { scopes, projectId, claimedPermissions, claimedRoles } = principal;
  const limits = JSON.stringify([scopes, projectId, claimedPermissions, claimedRoles]);
  return `${createHash('sha256').update(limits).digest('base64url').slice(0, 16)}:`;
}

/**
 * Idempotency-Key on a POST that creates: a repeat gets the first answer (with `Idempotency-Replayed: true`), the same
 * key with another request is 409, and a repeat while the first still runs is 409 with Retry-After.
 * Only answers 2xx are kept: what failed may be tried again. Keys are the caller's own, for a day.
 */
export const idempotency: MiddlewareHandler<AppEnv> = async (c, next) => {
  const told = c.req.header('idempotency-key');
  if (told === undefined) return next();
  if (!sane.test(told)) {
    throw new DomainError(
      'validation_failed',
      'Idempotency-Key: 1 to 200 visible ASCII characters.',
    );
  }
  const { db } = c.get('services');
  const key = `${c.get('caller').principal.userId}:${limitsOf(c)}${told}`;
  const first = await beginIdempotent(db, key, await hashOf(c));
  if (first) {
    return c.body(first.body, first.status as 201, {
      'content-type': 'application/json',
      'idempotency-replayed': 'true',
    });
  }
  await next();
  if (c.error === undefined && c.res.status >= 200 && c.res.status < 300) {
    await endIdempotent(db, key, c.res.status, await c.res.clone().text());
  } else await forgetIdempotent(db, key);
  return undefined;
};
