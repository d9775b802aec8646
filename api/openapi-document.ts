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
  return orNull({ ...document, paths: withoutNullInAddresses(document.paths) }) as typeof document;
}

type Schema = Readonly<Record<string, unknown>>;

const isSchema = (value: unknown): value is Schema =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** `string` of `["string", "null"]`: the generator never writes more than these two. */
function typeBesideNull(types: readonly unknown[]): unknown {
  return types.find((type) => type !== 'null');
}

/**
 * What stands in an address is text and never null. A number that may be 0 is written as one that may be null, because
 * `Number(null)` is 0.
 */
function withoutNullInAddresses(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNullInAddresses);
  if (!isSchema(value)) return value;
  const { in: place, schema } = value;
  if (
    (place === 'query' || place === 'path') &&
    isSchema(schema) &&
    Array.isArray(schema['type'])
  ) {
    return { ...value, schema: { ...schema, type: typeBesideNull(schema['type']) } };
  }
  return Object.fromEntries(
    Object.entries(value).map(([key, part]) => [key, withoutNullInAddresses(part)]),
  );
}

/** What the generator writes for `named.nullable()`, beside the reference: it allows null, and asks for an object. */
function isObjectOrNull(value: unknown): boolean {
  if (!isSchema(value) || !Array.isArray(value['type'])) return false;
  return value['type'].includes('null') && Object.keys(value).length === 1;
}

/** One of some words, or null: as one list, generators make several types of it, or one with null for a word. */
function wordOrNull({ enum: words, type, ...rest }: Schema): Schema {
  if (!Array.isArray(words) || !words.includes(null) || !Array.isArray(type)) {
    return {
      ...(type === undefined ? {} : { type }),
      ...(words === undefined ? {} : { enum: words }),
      ...rest,
    };
  }
  const named = { type: typeBesideNull(type), enum: words.filter((word) => word !== null) };
  return { anyOf: [named, { type: 'null' }], ...rest };
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
  if (allOf === undefined) return wordOrNull(rest);
  if (!Array.isArray(allOf)) return { allOf, ...rest };
  const parts: unknown[] = allOf.filter((part) => !isObjectOrNull(part));
  if (parts.length === allOf.length) return { allOf, ...rest };
  const named = parts.length === 1 ? parts : [{ allOf: parts }];
  return { anyOf: [...named, { type: 'null' }], ...rest };
}
