import { z } from '@hono/zod-openapi';
import { listTokens } from '../../../domain/identity/manage-tokens.ts';
import { defineRoute } from '../../define-route.ts';
import { pageAnswer, pageOf, pageQuery, pageRequest } from '../../page.ts';
import { json, reference, tokenSchema } from './schemas.ts';

export const listTokensRoute = defineRoute({
  method: 'get',
  path: '/api/v1/tokens',
  tag: 'tokens',
  operationId: 'listTokens',
  summary: 'Your API tokens, or those of another user for holders of admin:users',
  access: { kind: 'account' },
  request: { query: z.object({ ...pageQuery, user: reference.optional() }) },
  responses: { 200: json('A page of tokens', pageOf(tokenSchema)) },
  handler: async (c) => {
    const { user, ...query } = c.req.valid('query');
    const { db } = c.get('services');
    return c.json(pageAnswer(await listTokens(db, c.get('caller'), pageRequest(query), user)), 200);
  },
});
