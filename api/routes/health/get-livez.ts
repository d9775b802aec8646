import { z } from '@hono/zod-openapi';
import { defineRoute } from '../../define-route.ts';

export const getLivezRoute = defineRoute({
  method: 'get',
  path: '/livez',
  tag: 'health',
  summary: 'The process answers; restart it when it does not',
  access: { kind: 'public' },
  responses: {
    200: {
      description: 'Alive',
      content: { 'application/json': { schema: z.object({ status: z.literal('ok') }) } },
    },
  },
  handler: (c) => c.json({ status: 'ok' as const }, 200),
});
