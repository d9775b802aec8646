import { z } from '@hono/zod-openapi';
import { DomainError } from '../../../contracts/problems.ts';
import { defineRoute } from '../../define-route.ts';

export const getMetricsRoute = defineRoute({
  method: 'get',
  path: '/metrics',
  tag: 'health',
  operationId: 'getMetrics',
  summary: 'What this process counts, for Prometheus',
  description: 'Scrape it with a token: `authorization: { credentials: slp_… }`.',
  unlimited: true,
  access: { kind: 'permission', permission: 'observe:read', project: 'global' },
  responses: {
    200: { description: 'Metrics', content: { 'text/plain': { schema: z.string() } } },
  },
  handler: async (c) => {
    const { metrics } = c.get('services');
    if (!metrics) throw new DomainError('not_found', 'Metrics are off: metrics.enabled is false.');
    const { contentType, text } = await metrics.render();
    return c.body(text, 200, { 'content-type': contentType });
  },
});
