import { z } from '@hono/zod-openapi';
import { createUser } from '../../../domain/identity/manage-users.ts';
import { defineRoute } from '../../define-route.ts';
import { json, jsonBody, password, userSchema } from './schemas.ts';

export const createUserRoute = defineRoute({
  method: 'post',
  path: '/api/v1/users',
  tag: 'users',
  operationId: 'createUser',
  summary: 'Add a person or an agent',
  access: { kind: 'any', permissions: ['users:write', 'admin:users'], project: 'global' },
  request: {
    body: jsonBody(
      z.strictObject({
        name: z.string().min(1).max(64),
        email: z.email().max(254),
        displayName: z.string().max(200).nullable().optional(),
        kind: z.enum(['human', 'agent']).optional(),
        password: password.optional(),
      }),
    ),
  },
  responses: { 201: json('Added', userSchema) },
  handler: async (c) =>
    c.json(await createUser(c.get('services').db, c.get('caller'), c.req.valid('json')), 201),
});
