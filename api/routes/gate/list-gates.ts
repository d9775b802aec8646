import { z } from '@hono/zod-openapi';
import { listOpenGates } from '../../../domain/gate/list-gates.ts';
import { defineRoute } from '../../define-route.ts';
import { gateBody, toGateBody } from '../pipeline/pipeline-body.ts';

export const listGatesRoute = defineRoute({
  method: 'get',
  path: '/api/v1/gates',
  tag: 'gates',
  operationId: 'listGates',
  summary: 'Open gates that you may decide, oldest first',
  access: { kind: 'authenticated' },
  request: {
    query: z.strictObject({
      status: z.literal('open').optional(),
      waiting: z.literal('me').optional().openapi({
        description: 'Only what you have not decided yet, and your own agent has not asked for',
      }),
    }),
  },
  responses: {
    200: {
      description: 'What is waiting for you',
      content: { 'application/json': { schema: z.object({ items: z.array(gateBody) }) } },
    },
  },
  handler: async (c) => {
    const { waiting } = c.req.valid('query');
    const gates = await listOpenGates(c.get('services').db, c.get('caller'), {
      waiting: waiting === 'me',
    });
    return c.json({ items: gates.map((gate) => toGateBody(gate)) }, 200);
  },
});
