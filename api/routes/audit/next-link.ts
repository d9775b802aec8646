/** The `Link` header of a page that has a next one (RFC 8288): the same address with the cursor. */
export function nextLink(address: string, nextCursor: string | null): Record<string, string> {
  if (nextCursor === null) return {};
  const { pathname, searchParams } = new URL(address);
  searchParams.set('cursor', nextCursor);
  return { link: `<${pathname}?${searchParams.toString()}>; rel="next"` };
}
