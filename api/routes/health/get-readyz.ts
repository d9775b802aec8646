import { z } from '@hono/zod-openapi';
import { DomainError } from '../../../contracts/problems.ts';
import { defineRoute } from '../../define-route.ts';
import { checkHealth } from './check-health.ts';

export const getReadyzRoute = defineRoute({
  method: 'get',
  path: '/readyz',
  tag: 'health',
  summary: 'Requests can be served: critical parts work and no stop is under way',
  access: { kind: 'public' },
  responses: {
    200: {
      description: 'Ready',
      content: { 'application/json': { schema: z.object({ status: z.literal('ok') }) } },
    },
  },
  handler: async (c) => {
    const services = c.get('services');
    const stopping = services.isStopping?.() === true;
    if (stopping || (await checkHealth(services)).level === 'UNHEALTHY') {
      throw new DomainError('unavailable', stopping ? 'It is stopping.' : 'A critical part is away.', {
        retryAfterSeconds: 2,
      });
    }
    return c.json({ status: 'ok' as const }, 200);
  },
});
