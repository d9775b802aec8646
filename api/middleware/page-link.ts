import { z } from '@hono/zod-openapi';
import type { MiddlewareHandler } from 'hono';
import type { DefinedRoute } from '../define-route.ts';
import type { AppEnv } from '../env.ts';

/** True for a route that answers pages: its JSON has `nextCursor`. */
export function isPaged({ responses }: DefinedRoute): boolean {
  const answer: unknown = responses['200' as keyof typeof responses];
  const content = (answer as { content?: Record<string, { schema?: unknown }> } | undefined)
    ?.content;
  const schema = content?.['application/json']?.schema;
  return schema instanceof z.ZodObject && 'nextCursor' in schema.shape;
}

/** The same address with the cursor of the next page. */
function nextAddress(address: string, cursor: string): string {
  const { pathname, searchParams } = new URL(address);
  searchParams.delete('offset');
  searchParams.set('cursor', cursor);
  return `${pathname}?${searchParams.toString()}`;
}

/** Sets `Link: <…>; rel="next"` (RFC 8288) beside the `nextCursor` of every page that has a next one. */
export const pageLink: MiddlewareHandler<AppEnv> = async (c, next) => {
  const json = c.json;
  c.json = (body: { nextCursor?: unknown }, ...rest: []) => {
    const { nextCursor } = body;
    if (typeof nextCursor === 'string') {
      c.header('link', `<${nextAddress(c.req.url, nextCursor)}>; rel="next"`, { append: true });
    }
    return json(body, ...rest);
  };
  await next();
};
