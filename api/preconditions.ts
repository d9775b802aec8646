import { OpenAPIHono } from '@hono/zod-openapi';
import type { Context, MiddlewareHandler } from 'hono';
import { DomainError } from '../contracts/problems.ts';
import { guardTransaction, lockRow } from '../domain/shared/guard-transaction.ts';
import type { PrismaClient } from '../prisma/generated/client.ts';
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

/**
 * `If-Match` and `If-None-Match` of every operation that changes something (RFC 9110, section 13). What is there now is
 * read by the route of the same address, as the caller who asks, and never by a rule of its own. Where nothing is read
 * at that address there is no tag that could match: the change is refused rather than done as if nobody had asked.
 *
 * It is read twice: at once, so that most of what is refused costs nothing, and in the transaction of the change, with its
 * row locked. So it holds against every other writer, in whichever process, and whether that one names a version or not.
 */
export class Preconditions {
  private readonly reader = new OpenAPIHono<AppEnv>();
  private readonly records: ReadonlyMap<string, DefinedRoute>;
  private readonly asking = new WeakMap<Request, Asking>();

  constructor(all: readonly DefinedRoute[]) {
    this.records = recordRoutes(all);
    this.reader.onError(handleError);
    this.reader.notFound(handleNotFound);
    for (const route of this.records.values()) {
      if (route.record === undefined)
        throw new Error(`${route.path} is changed: its GET names no record`);
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
      const record = isRecord ? this.records.get(addressOf(route))?.record : undefined;
      const now = record === undefined ? null : await this.read(c, c.get('services').db);
      check(route, now, match, noneMatch);
      if (record !== undefined) {
        const { db, ...others } = c.get('services');
        const guarded = guardTransaction(db, async (tx) => {
          const id = record.id?.(c) ?? now?.id;
          if (id !== undefined) await lockRow(tx, record.table, id);
          check(route, await this.read(c, tx), match, noneMatch);
        });
        c.set('services', { ...others, db: guarded });
      }
      return next();
    };
  }

  private readonly asCaller: MiddlewareHandler<AppEnv> = async (c, next) => {
    const from = this.asking.get(c.req.raw);
    if (from === undefined) throw new Error('a record is read for a request of ours only');
    for (const name of ['requestId', 'ipAddr', 'caller'] as const) {
      c.set(name, from.c.get(name) as never);
    }
    c.set('services', { ...from.c.get('services'), db: from.db });
    await next();
  };

  /** What a GET of the same address answers now, of what `db` sees. */
  private async read(c: Context<AppEnv>, db: PrismaClient): Promise<Now> {
    const request = new Request(c.req.url, { headers: { accept: 'application/json' } });
    this.asking.set(request, { c, db });
    const answer = await this.reader.fetch(request);
    const { id } = (await answer.json()) as { id?: string };
    const there = answer.status === 200 && id !== undefined ? { id } : {};
    return { status: answer.status, tag: answer.headers.get('etag'), ...there };
  }
}

/** A change that asks what is there, and the database or the transaction that it asks. */
interface Asking {
  c: Context<AppEnv>;
  db: PrismaClient;
}

interface Now {
  status: number;
  tag: string | null;
  /** of the record that was answered */
  id?: string;
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
