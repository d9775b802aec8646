import { z } from '@hono/zod-openapi';
import { DomainError } from '../contracts/problems.ts';
import type { Page, PageRequest } from '../domain/shared/page.ts';

/** Query of every paged list: `cursor` from the answer before, or `offset`. */
export const pageQuery = {
  limit: z.coerce.number().int().min(1).max(100).default(50),
  offset: z.coerce.number().int().min(0).max(1_000_000).default(0),
  cursor: z.string().max(200).optional(),
};

/** Answer of a paged list. */
export function pageOf<T extends z.ZodType>(item: T) {
  return z.object({
    items: z.array(item),
    total: z.int(),
    nextCursor: z.string().nullable(),
  });
}

/** What the query asks for. A cursor is opaque to clients; a made-up one is 400. */
export function pageRequest(query: {
  limit: number;
  offset: number;
  cursor?: string | undefined;
}): PageRequest {
  const { limit, offset, cursor } = query;
  if (cursor === undefined) return { limit, offset, after: null };
  const after = Buffer.from(cursor, 'base64url').toString('utf8');
  if (!/^[a-z]+_[0-9a-z]{26}$/.test(after)) {
    throw new DomainError('validation_failed', 'See errors for what was wrong and where.', {
      errors: [{ pointer: '#/query/cursor', detail: 'Not a cursor of this list', rule: 'cursor' }],
    });
  }
  return { limit, offset: 0, after };
}

/** The answer's body. `Link: <…>; rel="next"` is set beside every `nextCursor`, see `pageLink`. */
export function pageAnswer<T>(page: Page<T>) {
  const nextCursor = page.next === null ? null : Buffer.from(page.next).toString('base64url');
  return { items: page.items, total: page.total, nextCursor };
}
