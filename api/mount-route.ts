import { type OpenAPIHono, type RouteConfig, z } from '@hono/zod-openapi';
import type { MiddlewareHandler } from 'hono';
import type { ProblemCode } from '../contracts/problems.ts';
import type { Config } from '../contracts/config.ts';
import type { DefinedRoute } from './define-route.ts';
import type { AppEnv } from './env.ts';
import { anonymous, authenticate } from './middleware/authenticate.ts';
import { idempotency } from './middleware/idempotency.ts';
import { rateLimit } from './middleware/rate-limit.ts';
import { checkAddress, readBody } from './middleware/read-body.ts';
import { requireAccess } from './middleware/require-access.ts';
import { timeout } from './middleware/timeout.ts';
import { problemResponses } from './problems/problem-body.ts';

function jsonBodyOf(route: DefinedRoute): z.ZodType | undefined {
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

/** Problems that any route of this kind may answer, for its documentation. */
function problemsOf(route: DefinedRoute): ProblemCode[] {
  const codes: ProblemCode[] = ['validation_failed', 'rate_limited', 'internal', 'unavailable'];
  if (route.access.kind !== 'public') codes.push('unauthenticated', 'forbidden', 'not_found');
  if (jsonBodyOf(route)) codes.push('body_too_large', 'unsupported_media_type');
  return codes;
}

function createsSomething(route: DefinedRoute): boolean {
  if (route.keepsAnswer === false) return false;
  return route.method === 'post' && ('201' in route.responses || '202' in route.responses);
}

/** Address check, time, size, identity, access, idempotency: in this order, before the handler's own validation. */
function chain(route: DefinedRoute, config: Config): MiddlewareHandler<AppEnv>[] {
  const { access, raw } = route;
  const open = access.kind === 'public' && access.identify !== true;
  const identity = open ? anonymous : authenticate(route.basicAuth === true);
  if (raw) return [identity, requireAccess(access)];
  const limit = route.maxBodyBytes ?? config.server.maxBodyBytes;
  const required = jsonBodyOf(route) !== undefined && route.request?.body?.required !== false;
  const hasBody = route.method !== 'get' && route.method !== 'head';
  return [
    checkAddress,
    timeout(config.server.timeout),
    identity,
    ...(open ? [] : [rateLimit]),
    requireAccess(access),
    ...(hasBody ? [readBody(limit, required)] : []),
    ...(createsSomething(route) ? [idempotency] : []),
  ];
}

const schemes: Record<string, string[]>[] = [{ bearer: [] }, { cookie: [] }];

/** Adds a route to the app: its middleware, its validators, and its entry in the OpenAPI document. */
export function mountRoute(app: OpenAPIHono<AppEnv>, route: DefinedRoute, config: Config): void {
  const { method, path, tag, summary, description, handler } = route;
  const request = strictRequest(route);
  const openapi = {
    method,
    path,
    tags: [tag],
    summary,
    ...(description === undefined ? {} : { description }),
    ...(request ? { request } : {}),
    responses: { ...problemResponses(problemsOf(route)), ...route.responses },
    security: route.access.kind === 'public' ? [] : schemes,
    'x-slipway-access': describeAccess(route),
  } as RouteConfig;
  if (!route.hidden) app.openAPIRegistry.registerPath(openapi);
  app.openapi(
    {
      ...openapi,
      path: route.routingPath ?? path,
      hide: true,
      middleware: chain(route, config),
    },
    handler as never,
  );
}

/** What a route's documentation says of its access. */
export function describeAccess({ access }: DefinedRoute): string {
  if (access.kind === 'permission') return access.permission;
  if (access.kind === 'any' || access.kind === 'all') {
    return access.permissions.join(access.kind === 'any' ? ' or ' : ' and ');
  }
  return access.kind === 'role' ? `role ${access.role}` : access.kind;
}
