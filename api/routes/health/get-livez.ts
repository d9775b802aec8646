import { z } from '@hono/zod-openapi';
import { defineRoute } from '../../define-route.ts';

const responses = {
  200: {
    description: 'Alive',
    content: { 'application/json': { schema: z.object({ status: z.literal('ok') }) } },
  },
};

export const getLivezRoute = defineRoute({
  method: 'get',
  path: '/livez',
  tag: 'health',
  operationId: 'getLiveness',
  summary: 'The process answers; restart it when it does not',
  access: { kind: 'public' },
  responses,
  handler: (c) => c.json({ status: 'ok' as const }, 200),
});

export const getHealthzRoute = defineRoute({
  method: 'get',
  path: '/healthz',
  tag: 'health',
  operationId: 'getLivenessAtHealthz',
  summary: 'The same as `/livez`, at the address that older probes expect',
  access: { kind: 'public' },
  responses,
  handler: (c) => c.json({ status: 'ok' as const }, 200),
});
