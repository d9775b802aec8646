import { z } from '@hono/zod-openapi';
import { updateUser } from '../../../domain/identity/manage-users.ts';
import { defineRoute } from '../../define-route.ts';
import { answerWithEtag } from '../../etag.ts';
import { idParam, json, jsonBody, password, userSchema } from './schemas.ts';

export const updateUserRoute = defineRoute({
  method: 'patch',
  path: '/api/v1/users/{id}',
  tag: 'users',
  operationId: 'updateUser',
  summary: 'Change an account; `isActive: false` ends its sessions and tokens at once',
  access: { kind: 'any', permissions: ['users:write', 'admin:users'], project: 'global' },
  request: {
    params: idParam,
    body: jsonBody(
      z.strictObject({
        email: z.email().max(254).optional(),
        displayName: z.string().max(200).nullable().optional(),
        isActive: z.boolean().optional(),
        password: password.optional(),
      }),
    ),
  },
  responses: { 200: json('Changed', userSchema) },
  handler: async (c) => {
    const { db } = c.get('services');
    const { id } = c.req.valid('param');
    return answerWithEtag(c, await updateUser(db, c.get('caller'), id, c.req.valid('json')));
  },
});
