import type { OpenAPIHono, RouteConfig } from '@hono/zod-openapi';
import type { MiddlewareHandler } from 'hono';
import type { ProblemCode } from '../contracts/problems.ts';
import type { Config } from '../contracts/config.ts';
import type { DefinedRoute } from './define-route.ts';
import type { AppEnv } from './env.ts';
import { etag } from './etag.ts';
import { readGitFor } from './git-reader.ts';
import { anonymous, authenticate } from './middleware/authenticate.ts';
import { idempotency } from './middleware/idempotency.ts';
import { isPaged, pageLink } from './middleware/page-link.ts';
import { rateLimit } from './middleware/rate-limit.ts';
import { checkAddress, readBody } from './middleware/read-body.ts';
import { requireAccess } from './middleware/require-access.ts';
import { timeout } from './middleware/timeout.ts';
import { jsonBodyOf, mountOperation, strictRequest } from './mount-operation.ts';
import { changes, type Preconditions } from './preconditions.ts';
import { problemResponses } from './problems/problem-body.ts';

/** Problems that any route of this kind may answer, for its documentation. */
function problemsOf(route: DefinedRoute): ProblemCode[] {
  const codes: ProblemCode[] = ['validation_failed', 'rate_limited', 'internal', 'unavailable'];
  if (route.access.kind !== 'public') codes.push('unauthenticated', 'forbidden', 'not_found');
  if (changes(route) && !route.raw) codes.push('precondition_failed');
  if (jsonBodyOf(route)) codes.push('body_too_large', 'unsupported_media_type');
  return codes;
}

function createsSomething(route: DefinedRoute): boolean {
  if (route.keepsAnswer === false) return false;
  return route.method === 'post' && ('201' in route.responses || '202' in route.responses);
}

/**
 * Address check, time, size, identity, access, preconditions, idempotency: in this order, before the handler's own
 * validation.
 */
function chain(
  route: DefinedRoute,
  { config, preconditions }: Mounting,
): MiddlewareHandler<AppEnv>[] {
  const { access, raw } = route;
  const open = access.kind === 'public' && access.identify !== true;
  const identity = open ? anonymous : authenticate(route.basicAuth === true);
  const paged = isPaged(route) ? [pageLink] : [];
  const isReading = route.method === 'get';
  // A push is recorded whatever else its person has under way; a fetch names its taker by itself.
  const reading = raw && !isReading ? [] : [readGitFor(isReading)];
  if (raw) return [identity, requireAccess(access), ...reading, ...paged];
  const limit = route.maxBodyBytes ?? config.server.maxBodyBytes;
  const required = jsonBodyOf(route) !== undefined && route.request?.body?.required !== false;
  const precondition = preconditions.of(route);
  return [
    checkAddress,
    timeout(config.server.timeout),
    identity,
    ...(open || route.unlimited === true ? [] : [rateLimit]),
    requireAccess(access),
    ...reading,
    ...(changes(route) ? [readBody(limit, required)] : []),
    ...(createsSomething(route) ? [idempotency] : []),
    ...(precondition === null ? [] : [precondition]),
    ...(preconditions.isRecord(route) ? [etag] : []),
    ...paged,
  ];
}

const schemes: Record<string, string[]>[] = [{ bearer: [] }, { cookie: [] }];

/** What the routes of an app share. */
export interface Mounting {
  config: Config;
  preconditions: Preconditions;
}

/** Adds a route to the app: its middleware, its validators, and its entry in the OpenAPI document. */
export function mountRoute(
  app: OpenAPIHono<AppEnv>,
  route: DefinedRoute,
  mounting: Mounting,
): void {
  const { method, path, tag, operationId, summary, description } = route;
  const request = strictRequest(route);
  const openapi = {
    method,
    path,
    tags: [tag],
    operationId,
    summary,
    ...(description === undefined ? {} : { description }),
    ...(request ? { request } : {}),
    responses: { ...problemResponses(problemsOf(route)), ...route.responses },
    security: route.access.kind === 'public' ? [] : schemes,
    'x-slipway-access': describeAccess(route),
  } as RouteConfig;
  if (!route.hidden) app.openAPIRegistry.registerPath(openapi);
  mountOperation(app, route, chain(route, mounting));
}

/** What a route's documentation says of its access. */
export function describeAccess({ access }: DefinedRoute): string {
  if (access.kind === 'permission') return access.permission;
  if (access.kind === 'any' || access.kind === 'all') {
    return access.permissions.join(access.kind === 'any' ? ' or ' : ' and ');
  }
  return access.kind === 'role' ? `role ${access.role}` : access.kind;
}
