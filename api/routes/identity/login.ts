import { z } from '@hono/zod-openapi';
import { login } from '../../../domain/identity/login.ts';
import { defineRoute } from '../../define-route.ts';
import { json, jsonBody, userSchema } from './schemas.ts';
import { setSessionCookie } from './session-cookie.ts';

export const loginRoute = defineRoute({
  method: 'post',
  path: '/api/v1/auth/login',
  tag: 'auth',
  operationId: 'login',
  summary: 'Sign in with name and password',
  description:
    'Sets the session cookie. Ten wrong tries of a name from one address in 15 minutes, then 429 there; elsewhere the name only answers more slowly.',
  access: { kind: 'public' },
  request: {
    body: jsonBody(
      z.strictObject({ name: z.string().min(1).max(200), password: z.string().min(1).max(1024) }),
    ),
  },
  responses: {
    200: json('Signed in', z.object({ user: userSchema, expiresAt: z.string() })),
  },
  handler: async (c) => {
    const { db, config } = c.get('services');
    const { sessionDuration, loginAttempts, loginWindow } = config.auth;
    const userAgent = c.req.header('user-agent') ?? null;
    const { session, user } = await login(
      db,
      c.get('caller').request,
      { ...c.req.valid('json'), userAgent },
      { sessionMs: sessionDuration, attempts: loginAttempts, windowMs: loginWindow },
    );
    setSessionCookie(c, session.value, session.expiresAt);
    return c.json({ user, expiresAt: session.expiresAt.toISOString() }, 200);
  },
});
