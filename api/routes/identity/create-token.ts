import { z } from '@hono/zod-openapi';
import { createToken } from '../../../domain/identity/manage-tokens.ts';
import { defineRoute } from '../../define-route.ts';
import { futureTime, json, jsonBody, reference, tokenSchema } from './schemas.ts';

export const createTokenRoute = defineRoute({
  method: 'post',
  path: '/api/v1/tokens',
  tag: 'tokens',
  operationId: 'createToken',
  summary: 'Make an API token; its text is shown this once',
  access: { kind: 'account' },
  request: {
    body: jsonBody(
      z.strictObject({
        name: z.string().min(1).max(100),
        scopes: z.array(z.string().min(3).max(64)).min(1).max(50),
        projectId: reference.nullable().optional(),
        expiresAt: futureTime.nullable().optional(),
        user: reference.optional().openapi({ description: 'An agent to make it for' }),
      }),
    ),
  },
  responses: { 201: json('Made', tokenSchema.extend({ token: z.string() })) },
  // The answer holds the token: it must not be kept for a repeat.
  keepsAnswer: false,
  handler: async (c) => {
    const { db } = c.get('services');
    const { record, token } = await createToken(db, c.get('caller'), c.req.valid('json'));
    return c.json({ ...record, token }, 201);
  },
});
