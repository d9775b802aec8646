import type { MiddlewareHandler } from 'hono';
import { isSignedIn } from '../../contracts/identity/principal.ts';
import type { AppEnv } from '../env.ts';

const quiet = /^\/(livez|readyz|health|metrics|api\/v1\/health)$/;

/** One line a request. The query is left out: it may carry what must not be kept. */
export const accessLog: MiddlewareHandler<AppEnv> = async (c, next) => {
  const started = performance.now();
  await next();
  if (quiet.test(c.req.path)) return;
  const principal = c.get('caller')?.principal;
  c.get('services').log.info(
    {
      requestId: c.get('requestId'),
      method: c.req.method,
      path: c.req.path,
      status: c.res.status,
      durationMs: Math.round(performance.now() - started),
      ipAddr: c.get('ipAddr'),
      ...(principal && isSignedIn(principal) ? { userId: principal.userId } : {}),
    },
    'request',
  );
};
