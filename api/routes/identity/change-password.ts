import { z } from '@hono/zod-openapi';
import { changePassword } from '../../../domain/identity/change-password.ts';
import { defineRoute } from '../../define-route.ts';
import { jsonBody, noContent, password } from './schemas.ts';

export const changePasswordRoute = defineRoute({
  method: 'put',
  path: '/api/v1/auth/password',
  tag: 'auth',
  operationId: 'changePassword',
  summary: 'Change your password; all your other sessions end',
  access: { kind: 'account' },
  request: {
    body: jsonBody(
      z.strictObject({ currentPassword: z.string().min(1).max(1024), newPassword: password }),
    ),
  },
  responses: noContent,
  handler: async (c) => {
    const { db, config } = c.get('services');
    const limits = { attempts: config.auth.loginAttempts, windowMs: config.auth.loginWindow };
    await changePassword(db, c.get('caller'), c.req.valid('json'), limits);
    return c.body(null, 204);
  },
});
