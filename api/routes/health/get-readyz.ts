import { z } from '@hono/zod-openapi';
import { DomainError } from '../../../contracts/problems.ts';
import { defineRoute } from '../../define-route.ts';
import { checkHealth, checkPart } from './check-health.ts';

export const getReadyzRoute = defineRoute({
  method: 'get',
  path: '/readyz',
  tag: 'health',
  operationId: 'getReadiness',
  summary: 'Requests can be served: critical parts work and no stop is under way',
  description: 'With `part` it tells of that part alone: `?part=workers`.',
  access: { kind: 'public' },
  request: { query: z.object({ part: z.string().max(50).optional() }) },
  responses: {
    200: {
      description: 'Ready',
      content: { 'application/json': { schema: z.object({ status: z.literal('ok') }) } },
    },
  },
  handler: async (c) => {
    const services = c.get('services');
    const stopping = services.isStopping?.() === true;
    const { part } = c.req.valid('query');
    const isReady =
      part === undefined
        ? (await checkHealth(services)).level !== 'UNHEALTHY'
        : await checkPart(services, part);
    if (stopping || !isReady) {
      throw new DomainError(
        'unavailable',
        stopping ? 'It is stopping.' : `${part ?? 'A critical part'} is away.`,
        {
          retryAfterSeconds: 2,
        },
      );
    }
    return c.json({ status: 'ok' as const }, 200);
  },
});
