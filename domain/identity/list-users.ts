import type { Db } from '../shared/db.ts';
import type { Page, PageRequest } from '../shared/page.ts';
import { toPage } from '../shared/page.ts';
import { hasText } from '../shared/text-match.ts';
import { toUserRecord, type UserRecord } from './user-record.ts';

/** Users and agents, oldest first. */
export async function listUsers(
  db: Db,
  page: PageRequest,
  filter: { kind?: 'human' | 'agent' | undefined; q?: string | undefined } = {},
): Promise<Page<UserRecord>> {
  const where = {
    ...(filter.kind === undefined ? {} : { kind: filter.kind }),
    ...(filter.q === undefined ? {} : { name: hasText(filter.q) }),
  };
  const rows = await db.user.findMany({
    where: page.after === null ? where : { AND: [where, { id: { gt: page.after } }] },
    orderBy: { id: 'asc' },
    skip: page.offset,
    take: page.limit + 1,
  });
  return toPage(rows, page, await db.user.count({ where }), toUserRecord);
}
