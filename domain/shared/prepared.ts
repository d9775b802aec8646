import { createHash } from 'node:crypto';
import { Prisma } from '../../prisma/generated/client.ts';

const mark = '/* prepared */';

/**
 * Put first into a statement that is sent for each run or step: Postgres takes it apart and plans it once a connection, not
 * each time. For statements of one text that find their rows by keys, so that one plan is right for all values.
 */
export const prepared = Prisma.raw(mark);

const names = new Map<string, string>();

/** The name that a statement is prepared under; for all that are not marked the empty one, which Postgres forgets. */
export function preparedName({ sql }: { sql: string }): string {
  if (!sql.includes(mark)) return '';
  const known = names.get(sql);
  if (known !== undefined) return known;
  const name = `slipway_${createHash('sha256').update(sql).digest('hex').slice(0, 16)}`;
  names.set(sql, name);
  return name;
}
