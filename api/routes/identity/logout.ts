import { logout } from '../../../domain/identity/end-sessions.ts';
import { defineRoute } from '../../define-route.ts';
import { noContent } from './schemas.ts';
import { clearSessionCookie } from './session-cookie.ts';

export const logoutRoute = defineRoute({
  method: 'post',
  path: '/api/v1/auth/logout',
  tag: 'auth',
  operationId: 'logout',
  summary: 'Sign out: end the session of the cookie',
  access: { kind: 'authenticated' },
  responses: noContent,
  handler: async (c) => {
    await logout(c.get('services').db, c.get('caller'));
    clearSessionCookie(c);
    return c.body(null, 204);
  },
});
