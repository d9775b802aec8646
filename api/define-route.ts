import type { RouteConfig, RouteHandler } from '@hono/zod-openapi';
import type { Context } from 'hono';
import type { RecordTable } from '../domain/shared/guard-transaction.ts';
import type { Access } from './access.ts';
import type { AppEnv } from './env.ts';

export type Method = 'get' | 'post' | 'put' | 'patch' | 'delete' | 'head';
type RequestConfig = NonNullable<RouteConfig['request']>;
type ResponsesConfig = RouteConfig['responses'];

/** Where the row lies that a change of this address writes. */
export interface RecordRow {
  table: RecordTable;
  /** its id, where the answer's own `id` is not the one */
  id?: (c: Context<AppEnv>) => string;
}

interface RouteOptions {
  method: Method;
  /** name of the area in the documentation */
  tag: string;
  /**
   * camelCase verb and noun, unique: what generated clients call the operation. Once released it is never changed,
   * whatever becomes of the path.
   */
  operationId: string;
  summary: string;
  description?: string;
  access: Access;
  /** hono pattern, when `path` cannot say it: `/api/v1/projects/:owner/:project/files/:path{.+}` */
  routingPath?: string;
  /** body and answer are streams or not JSON: no body reading, no limits, no timeout, no idempotency */
  raw?: boolean;
  /** not in the OpenAPI document (git, pages) */
  hidden?: boolean;
  /** also takes HTTP Basic (git): name with password, or any name with an API token */
  basicAuth?: boolean;
  /** false: the answer holds a secret, so Idempotency-Key does not keep it and is ignored */
  keepsAnswer?: boolean;
  /** not counted against the rate of its caller: what watches us asks in its own interval, also under load */
  unlimited?: boolean;
  /** of a GET whose address is also written to: the row that is locked while If-Match is compared with what is there */
  record?: RecordRow;
  /** JSON body limit in bytes, when the configured one is too small */
  maxBodyBytes?: number;
}

/** A route with its types erased, as the registry and the policy tests see it. */
export interface DefinedRoute extends RouteOptions {
  path: string;
  request?: RequestConfig;
  responses: ResponsesConfig;
  handler: (c: Context<AppEnv>) => Response | Promise<Response>;
}

// A type, not an interface: OpenAPI objects need an index signature for `x-…`, which interfaces do not get.
type RouteShape<P extends string, Q extends RequestConfig, S extends ResponsesConfig> = {
  method: Method;
  path: P;
  request: Q;
  responses: S;
};

// hono's own computation of what `c.req.valid(…)` gives for a route of this shape
type ContextOf<R extends RouteConfig> = Parameters<RouteHandler<R, AppEnv>>[0];

/**
 * Declares one operation. The handler parses with `c.req.valid(…)`, calls one function, and answers.
 * Top-level bodies and queries are strict: an unknown key is 400.
 */
export function defineRoute<
  const P extends string,
  Q extends RequestConfig = RequestConfig,
  S extends ResponsesConfig = ResponsesConfig,
>(
  definition: RouteOptions & {
    path: P;
    request?: Q;
    responses: S;
    handler: (c: ContextOf<RouteShape<P, Q, S>>) => Response | Promise<Response>;
  },
): DefinedRoute {
  return definition;
}
