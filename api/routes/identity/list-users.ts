import { z } from '@hono/zod-openapi';
import { listUsers } from '../../../domain/identity/list-users.ts';
import { defineRoute } from '../../define-route.ts';
import { pageAnswer, pageOf, pageQuery, pageRequest } from '../../page.ts';
import { json, userSchema } from './schemas.ts';

export const listUsersRoute = defineRoute({
  method: 'get',
  path: '/api/v1/users',
  tag: 'users',
  operationId: 'listUsers',
  summary: 'Users and agents, oldest first',
  access: { kind: 'any', permissions: ['users:read', 'admin:users'], project: 'global' },
  request: {
    query: z.object({
      ...pageQuery,
      kind: z.enum(['human', 'agent']).optional(),
      q: z.string().min(1).max(100).optional(),
    }),
  },
  responses: { 200: json('A page of users', pageOf(userSchema)) },
  handler: async (c) => {
    const { kind, q, ...query } = c.req.valid('query');
    const page = await listUsers(c.get('services').db, pageRequest(query), { kind, q });
    return c.json(pageAnswer(page), 200);
  },
});
