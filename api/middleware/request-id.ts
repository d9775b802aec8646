import type { MiddlewareHandler } from 'hono';
import { newId } from '../../domain/shared/new-id.ts';
import type { AppEnv } from '../env.ts';

const sane = /^[A-Za-z0-9._-]{8,128}$/;

/** Takes the client's X-Request-Id when it is sane, else makes one; the answer carries it. */
export const requestId: MiddlewareHandler<AppEnv> = async (c, next) => {
  const told = c.req.header('x-request-id');
  const id = told !== undefined && sane.test(told) ? told : newId('request');
  c.set('requestId', id);
  c.header('x-request-id', id);
  await next();
};
