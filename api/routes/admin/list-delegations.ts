import { z } from '@hono/zod-openapi';
import { listDelegations } from '../../../domain/identity/manage-delegations.ts';
import { defineRoute } from '../../define-route.ts';
import { pageAnswer, pageOf, pageQuery, pageRequest } from '../../page.ts';
import { delegationSchema, json } from '../identity/schemas.ts';

export const listDelegationsRoute = defineRoute({
  method: 'get',
  path: '/api/v1/delegations',
  tag: 'delegations',
  operationId: 'listDelegations',
  summary: 'Delegations that you gave or got; all for admins',
  access: { kind: 'account' },
  request: { query: z.object({ ...pageQuery, live: z.enum(['true', 'false']).optional() }) },
  responses: { 200: json('A page of delegations', pageOf(delegationSchema)) },
  handler: async (c) => {
    const { live, ...query } = c.req.valid('query');
    const { db } = c.get('services');
    const filter = { live: live === 'true' };
    const page = await listDelegations(db, c.get('caller'), pageRequest(query), filter);
    return c.json(pageAnswer(page), 200);
  },
});
