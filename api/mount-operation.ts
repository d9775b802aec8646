import { type OpenAPIHono, z } from '@hono/zod-openapi';
import type { MiddlewareHandler } from 'hono';
import type { DefinedRoute } from './define-route.ts';
import type { AppEnv } from './env.ts';

/** Schema of the JSON body that a route takes. */
export function jsonBodyOf(route: DefinedRoute): z.ZodType | undefined {
  const content = route.request?.body?.content['application/json'];
  return content && 'schema' in content ? (content.schema as z.ZodType) : undefined;
}

/** Objects refuse keys that they do not know. */
function strict(schema: z.ZodType | undefined): z.ZodType | undefined {
  return schema instanceof z.ZodObject ? schema.strict() : schema;
}

/** The route's request with strict query and body, and a body that may not be left out. */
export function strictRequest(route: DefinedRoute): DefinedRoute['request'] {
  const { request } = route;
  if (!request) return request;
  const body = jsonBodyOf(route);
  const query = strict(request.query);
  return {
    ...request,
    ...(query ? { query: query as z.ZodObject } : {}),
    ...(body && request.body
      ? {
          body: {
            ...request.body,
            required: request.body.required ?? true,
            content: { 'application/json': { schema: strict(body) ?? body } },
          },
        }
      : {}),
  };
}

/** Has an app answer a route behind these middlewares and the validators of its request. It is not documented by that. */
export function mountOperation(
  app: OpenAPIHono<AppEnv>,
  route: DefinedRoute,
  middleware: MiddlewareHandler<AppEnv>[],
): void {
  const request = strictRequest(route);
  app.openapi(
    {
      method: route.method,
      path: route.routingPath ?? route.path,
      ...(request ? { request } : {}),
      responses: route.responses,
      hide: true,
      middleware,
    },
    route.handler as never,
  );
}
