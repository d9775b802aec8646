import { describe, expect, it } from '@jest/globals';
import { appendPage, type PagedList, walkPages } from './paged-list.ts';

/** A list on a server, newest first, whose cursor is the last row of the page before. */
class Served {
  rows: { id: number }[];
  asked = 0;
  constructor(count: number) {
    this.rows = Array.from({ length: count }, (_, index) => ({ id: count - index }));
  }
  readonly page = (
    cursor: string | undefined,
  ): Promise<{ items: { id: number }[]; nextCursor: string | null }> => {
    this.asked += 1;
    const behind = this.rows.filter(({ id }) => cursor === undefined || id < Number(cursor));
    const items = behind.slice(0, 10);
    const nextCursor = behind.length > 10 ? String(items.at(-1)?.id) : null;
    return Promise.resolve({ items, nextCursor });
  };
  arrive(count: number): void {
    for (let each = 0; each < count; each += 1) this.rows.unshift({ id: this.rows.length + 1 });
  }
}

const idsOf = (list: PagedList<{ id: number }> | undefined): number[] =>
  (list?.items ?? []).map(({ id }) => id);

describe('a list of which several pages are shown', () => {
  it('loses no row when new ones arrive, and shows them', async () => {
    const server = new Served(45);
    let list: PagedList<{ id: number }> | undefined;
    const shown = (): typeof list => list;
    list = await walkPages(server.page, shown);
    list = await appendPage(server.page, shown);
    list = await appendPage(server.page, shown);
    expect(idsOf(list)).toEqual(server.rows.slice(0, 30).map(({ id }) => id));
    server.arrive(4);
    list = await walkPages(server.page, shown);
    expect(idsOf(list).slice(0, 34)).toEqual(server.rows.slice(0, 34).map(({ id }) => id));
    // and the next page goes on where this one ends
    while (list?.nextCursor) list = await appendPage(server.page, shown);
    expect(idsOf(list)).toEqual(server.rows.map(({ id }) => id));
  });

  it('goes on at the right place when a refresh ends while the next page is on its way', async () => {
    const server = new Served(45);
    let list: PagedList<{ id: number }> | undefined;
    const shown = (): typeof list => list;
    list = await walkPages(server.page, shown);
    list = await appendPage(server.page, shown);
    const next = appendPage(async (cursor) => {
      const page = await server.page(cursor);
      if (server.rows.length === 45) {
        server.arrive(13);
        list = await walkPages(server.page, shown);
      }
      return page;
    }, shown);
    list = await next;
    const all = server.rows.map(({ id }) => id);
    expect(idsOf(list)).toEqual(all.slice(0, idsOf(list).length));
    expect(idsOf(list).length).toBeGreaterThanOrEqual(40);
  });

  it('ends when its last row is gone, and asks for one page when one is shown', async () => {
    const server = new Served(45);
    let list: PagedList<{ id: number }> | undefined;
    const shown = (): typeof list => list;
    list = await walkPages(server.page, shown);
    list = await appendPage(server.page, shown);
    server.rows = server.rows.filter(({ id }) => id !== list?.items.at(-1)?.id);
    server.asked = 0;
    list = await walkPages(server.page, shown);
    expect(server.asked).toBe(3);
    list = { ...list, pages: 1 };
    server.asked = 0;
    await walkPages(server.page, shown);
    expect(server.asked).toBe(1);
  });
});
