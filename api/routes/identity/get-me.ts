import { z } from '@hono/zod-openapi';
import { readOwnAccess } from '../../../domain/identity/read-own-access.ts';
import { defineRoute } from '../../define-route.ts';
import { json } from './schemas.ts';

const meSchema = z
  .object({
    userId: z.string(),
    name: z.string(),
    displayName: z.string().nullable(),
    email: z.string().nullable(),
    kind: z.string(),
    via: z.string(),
    roles: z.array(z.string()).openapi({ description: 'Held everywhere' }),
    permissions: z.array(z.string()).openapi({
      description: 'What this credential may do everywhere, or on the project asked for',
    }),
    scopes: z.array(z.string()).nullable(),
    projectId: z.string().nullable(),
  })
  .openapi('Me');

export const getMeRoute = defineRoute({
  method: 'get',
  path: '/api/v1/auth/me',
  tag: 'auth',
  operationId: 'getMe',
  summary: 'Who asks, and what they may do',
  access: { kind: 'authenticated' },
  request: { query: z.object({ projectId: z.string().max(100).optional() }) },
  responses: { 200: json('The caller', meSchema) },
  handler: async (c) => {
    const { projectId } = c.req.valid('query');
    return c.json(
      await readOwnAccess(c.get('services').db, c.get('caller'), projectId ?? null),
      200,
    );
  },
});
