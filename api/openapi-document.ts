import type { OpenAPIHono } from '@hono/zod-openapi';
import type { AppEnv } from './env.ts';

/** The OpenAPI 3.1 document of everything mounted. */
export function openapiDocument(app: OpenAPIHono<AppEnv>, version: string) {
  const registry = app.openAPIRegistry;
  registry.registerComponent('securitySchemes', 'bearer', {
    type: 'http',
    scheme: 'bearer',
    description: 'An API token (slp_…) or a JWT',
  });
  registry.registerComponent('securitySchemes', 'cookie', {
    type: 'apiKey',
    in: 'cookie',
    name: 'slipway_session',
  });
  return app.getOpenAPI31Document({
    openapi: '3.1.0',
    info: {
      title: 'Slipway',
      version,
      description: 'From an idea to production, and watch over it.',
    },
    servers: [{ url: '/' }],
  });
}
