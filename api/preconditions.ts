import { OpenAPIHono } from '@hono/zod-openapi';
import type { Context, MiddlewareHandler } from 'hono';
import { DomainError } from '../contracts/problems.ts';
import type { DefinedRoute } from './define-route.ts';
import type { AppEnv } from './env.ts';
import { etag, tagsOf } from './etag.ts';
import { requireAccess } from './middleware/require-access.ts';
import { mountOperation } from './mount-operation.ts';
import { handleError, handleNotFound } from './problems/handlers.ts';

/** True for what changes something that is there. */
export function changes({ method }: DefinedRoute): boolean {
  return method !== 'get' && method !== 'head';
}

const addressOf = ({ routingPath, path }: DefinedRoute) => routingPath ?? path;

/** Routes that read what another one of the same address changes, by address: only these have an ETag. */
export function recordRoutes(all: readonly DefinedRoute[]): ReadonlyMap<string, DefinedRoute> {
  const changed = new Set(
    all
      .filter((route) => changes(route) && route.method !== 'post')
      .map((route) => addressOf(route)),
  );
  const records = all.filter(
    (route) => route.method === 'get' && !route.raw && changed.has(addressOf(route)),
  );
  return new Map(records.map((route) => [addressOf(route), route]));
}

/** One change after the other at one address, as long as each names what it expects there. */
class Turns {
  private readonly last = new Map<string, Promise<unknown>>();

  async take<T>(address: string, work: () => Promise<T>): Promise<T> {
    const before = this.last.get(address) ?? Promise.resolve();
    const mine = before.then(work, work);
    this.last.set(address, mine);
    try {
      return await mine;
    } finally {
      if (this.last.get(address) === mine) this.last.delete(address);
    }
  }
}

/**
 * `If-Match` and `If-None-Match` of every operation that changes something (RFC 9110, section 13). What is there now is
 * read by the route of the same address, as the caller who asks, and never by a rule of its own. Where nothing is read
 * at that address there is no tag that could match: the change is refused rather than done as if nobody had asked.
 */
export class Preconditions {
  private readonly reader = new OpenAPIHono<AppEnv>();
  private readonly records: ReadonlyMap<string, DefinedRoute>;
  private readonly asking = new WeakMap<Request, Context<AppEnv>>();
  private readonly turns = new Turns();

  constructor(all: readonly DefinedRoute[]) {
    this.records = recordRoutes(all);
    this.reader.onError(handleError);
    this.reader.notFound(handleNotFound);
    for (const route of this.records.values()) {
      mountOperation(this.reader, route, [this.asCaller, requireAccess(route.access), etag]);
    }
  }

  /** True for a route whose answer has an ETag. */
  isRecord(route: DefinedRoute): boolean {
    return this.records.get(addressOf(route)) === route;
  }

  /** Middleware for a route; null for one that only reads. */
  of(route: DefinedRoute): MiddlewareHandler<AppEnv> | null {
    if (!changes(route)) return null;
    const isRecord = this.records.has(addressOf(route)) && route.method !== 'post';
    return async (c, next) => {
      const match = c.req.header('if-match');
      const noneMatch = c.req.header('if-none-match');
      if (match === undefined && noneMatch === undefined) return next();
      return this.turns.take(c.req.path, async () => {
        const now = isRecord ? await this.read(c) : null;
        check(route, now, match, noneMatch);
        return next();
      });
    };
  }

  private readonly asCaller: MiddlewareHandler<AppEnv> = async (c, next) => {
    const from = this.asking.get(c.req.raw);
    if (from === undefined) throw new Error('a record is read for a request of ours only');
    for (const name of ['services', 'requestId', 'ipAddr', 'caller'] as const) {
      c.set(name, from.get(name) as never);
    }
    await next();
  };

  /** What a GET of the same address answers now. */
  private async read(c: Context<AppEnv>): Promise<Now> {
    const request = new Request(c.req.url, { headers: { accept: 'application/json' } });
    this.asking.set(request, c);
    const answer = await this.reader.fetch(request);
    await answer.body?.cancel();
    return { status: answer.status, tag: answer.headers.get('etag') };
  }
}

interface Now {
  status: number;
  tag: string | null;
}

function refuse(detail: string): never {
  throw new DomainError('precondition_failed', detail);
}

/** @param now null where the address has no record that could be read */
function check(
  { method }: DefinedRoute,
  now: Now | null,
  match: string | undefined,
  noneMatch: string | undefined,
): void {
  const isThere = now?.status === 200;
  // what cannot be read cannot be changed either: the operation says why
  if (now !== null && !isThere && method !== 'put') return;
  if (match !== undefined) {
    if (match.trim() === '*') {
      if (now !== null && !isThere) refuse('There is nothing yet that If-Match could match.');
    } else if (now === null) {
      refuse('If-Match names a version, and what is changed here has none: leave it out.');
    } else if (!tagsOf(match).includes(now.tag ?? '')) {
      refuse('Somebody changed it since you read it.');
    }
  }
  if (noneMatch === undefined) return;
  if (now === null) refuse('If-None-Match cannot be looked at here: leave it out.');
  if (isThere && (noneMatch.trim() === '*' || tagsOf(noneMatch).includes(now.tag ?? ''))) {
    refuse('It is there already.');
  }
}
