import type { Context } from 'hono';
import { defineRoute } from '../../define-route.ts';
import type { AppEnv } from '../../env.ts';
import { checkHealth, healthSchema } from './check-health.ts';

const responses = {
  200: {
    description: 'What matters works',
    content: { 'application/json': { schema: healthSchema } },
  },
  503: {
    description: 'A critical part does not work',
    content: { 'application/json': { schema: healthSchema } },
  },
};

async function answerHealth(c: Context<AppEnv>): Promise<Response> {
  const health = await checkHealth(c.get('services'));
  return c.json(health, health.level === 'UNHEALTHY' ? 503 : 200);
}

export const getHealthRoute = defineRoute({
  method: 'get',
  path: '/api/v1/health',
  tag: 'health',
  operationId: 'getHealth',
  summary: 'State of the platform and each of its parts',
  access: { kind: 'public' },
  responses,
  handler: (c) => answerHealth(c),
});

export const getHealthShortRoute = defineRoute({
  method: 'get',
  path: '/health',
  tag: 'health',
  operationId: 'getHealthAtRoot',
  summary: 'The same at the address that probes expect',
  access: { kind: 'public' },
  responses,
  handler: (c) => answerHealth(c),
});
