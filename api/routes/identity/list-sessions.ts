import { z } from '@hono/zod-openapi';
import { listOwnSessions } from '../../../domain/identity/end-sessions.ts';
import { defineRoute } from '../../define-route.ts';
import { json, sessionSchema } from './schemas.ts';

export const listSessionsRoute = defineRoute({
  method: 'get',
  path: '/api/v1/auth/sessions',
  tag: 'auth',
  operationId: 'listSessions',
  summary: 'Your live sessions',
  access: { kind: 'account' },
  responses: { 200: json('Newest first', z.object({ items: z.array(sessionSchema) })) },
  handler: async (c) =>
    c.json({ items: await listOwnSessions(c.get('services').db, c.get('caller')) }, 200),
});
