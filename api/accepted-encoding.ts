import { parseAccept } from 'hono/utils/accept';

/**
 * The first of `offered` (best first) that an Accept-Encoding header takes; null when it takes none of them. `q=0`
 * refuses one, `*` stands for all that are not named.
 */
export function preferredEncoding<T extends string>(
  header: string | undefined,
  offered: readonly T[],
): T | null {
  if (header === undefined) return null;
  const taken = new Map(parseAccept(header).map(({ type, q }) => [type.toLowerCase(), q]));
  const takes = (name: string): boolean => (taken.get(name) ?? taken.get('*') ?? 0) > 0;
  return offered.find(takes) ?? null;
}
