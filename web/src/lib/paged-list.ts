interface Page<T> {
  items: T[];
  nextCursor: string | null;
}

/** The pages of a list that are shown, one behind the other. */
export interface PagedList<T> extends Page<T> {
  /** how many requests it takes to ask for all of it */
  pages: number;
}

type FetchPage<T> = (cursor: string | undefined) => Promise<Page<T>>;

/** A list that grows as fast as it is read must not be read for ever. */
const mostPages = 50;

/** What a row is known by on two pages. */
function keyOf(row: unknown): string {
  const { id, name, sha } = row as { id?: unknown; name?: unknown; sha?: unknown };
  return JSON.stringify(id ?? name ?? sha ?? row);
}

/** `added` behind `rows`, without what stands there already: rows move to a later page when new ones come. */
function joined<T>(rows: readonly T[], added: readonly T[]): T[] {
  const known = new Set(rows.map(keyOf));
  return [...rows, ...added.filter((row) => !known.has(keyOf(row)))];
}

/**
 * All that `shown` says is shown, asked for again from the front, and what came before it: until its last row is there,
 * or as many pages and one more, because the last row itself may be gone.
 */
export async function walkPages<T>(
  fetchPage: FetchPage<T>,
  shown: () => PagedList<T> | undefined,
): Promise<PagedList<T>> {
  let { items, nextCursor } = await fetchPage(undefined);
  let pages = 1;
  const isShort = (): boolean => {
    // looked at anew each time: somebody may have asked for more while this was on its way
    const before = shown();
    const last = before?.items.at(-1);
    if (before === undefined || before.pages < 2 || last === undefined) return false;
    const end = keyOf(last);
    return pages <= before.pages && !items.some((row) => keyOf(row) === end);
  };
  while (nextCursor !== null && pages < mostPages && isShort()) {
    const page = await fetchPage(nextCursor);
    items = joined(items, page.items);
    nextCursor = page.nextCursor;
    pages += 1;
  }
  return { items, nextCursor, pages };
}

/** The list with its next page. A refresh that ended meanwhile has moved the end: then from there, once more. */
export async function appendPage<T>(
  fetchPage: FetchPage<T>,
  shown: () => PagedList<T> | undefined,
): Promise<PagedList<T> | undefined> {
  for (let tries = 0; tries < 3; tries += 1) {
    const cursor = shown()?.nextCursor ?? null;
    if (cursor === null) return undefined;
    const page = await fetchPage(cursor);
    const now = shown();
    if (now?.nextCursor !== cursor) continue;
    return {
      items: joined(now.items, page.items),
      nextCursor: page.nextCursor,
      pages: now.pages + 1,
    };
  }
  return undefined;
}
