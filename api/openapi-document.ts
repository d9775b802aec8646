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
  const document = app.getOpenAPI31Document({
    openapi: '3.1.0',
    info: {
      title: 'Slipway',
      version,
      description: 'From an idea to production, and watch over it.',
    },
    servers: [{ url: '/' }],
  });
  return orNull(document) as typeof document;
}

type Schema = Readonly<Record<string, unknown>>;

const isSchema = (value: unknown): value is Schema =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** What the generator writes for `named.nullable()`, beside the reference: it allows null, and asks for an object. */
function isObjectOrNull(value: unknown): boolean {
  if (!isSchema(value) || !Array.isArray(value['type'])) return false;
  return value['type'].includes('null') && Object.keys(value).length === 1;
}

/**
 * A named schema or null is written as all of both, which null never is; clients made of the document then break on
 * every null. It is one of both.
 */
function orNull(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(orNull);
  if (!isSchema(value)) return value;
  const { allOf, ...rest } = Object.fromEntries(
    Object.entries(value).map(([key, part]) => [key, orNull(part)]),
  );
  if (!Array.isArray(allOf)) return allOf === undefined ? rest : { allOf, ...rest };
  const parts: unknown[] = allOf.filter((part) => !isObjectOrNull(part));
  if (parts.length === allOf.length) return { allOf, ...rest };
  const named = parts.length === 1 ? parts : [{ allOf: parts }];
  return { anyOf: [...named, { type: 'null' }], ...rest };
}
