import type { MiddlewareHandler } from 'hono';
import { DomainError } from '../../contracts/problems.ts';
import type { AppEnv } from '../env.ts';
import { publicUrl } from '../problems/problem-body.ts';

const safe = new Set(['GET', 'HEAD', 'OPTIONS']);

/**
 * An unsafe request that carries cookies must come from our own pages: Sec-Fetch-Site says so in every current
 * browser, Origin in the others. Tools that send neither carry no ambient cookie of a browser.
 */
export const csrf: MiddlewareHandler<AppEnv> = async (c, next) => {
  if (safe.has(c.req.method) || c.req.header('cookie') === undefined) return next();
  const site = c.req.header('sec-fetch-site');
  if (site !== undefined && site !== 'same-origin' && site !== 'none') throw refused();
  const origin = c.req.header('origin');
  if (origin !== undefined) {
    const allowed = [new URL(publicUrl(c)).origin, new URL(c.req.url).origin];
    if (!allowed.includes(origin)) throw refused();
  }
  return next();
};

function refused(): DomainError {
  return new DomainError('csrf_refused', 'Cookies are taken from pages of Slipway only.');
}
